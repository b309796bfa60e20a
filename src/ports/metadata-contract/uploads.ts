/** Open uploads. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';
import { addRepository, sampleUpload } from './samples.ts';

const progress = { offset: 5, parts: 1, lastPartSize: 5, shortPartFollowed: true, updatedAt: 1500 };

export function uploadSuite(open: OpenMetadata): void {
  describe('uploads', () => {
    onMetadata(open, 'are found as they were added until they are deleted', async (metadata) => {
      const { id: repositoryId } = await addRepository(metadata);
      const upload = sampleUpload(repositoryId, 'one', { digestAlgorithm: 'sha512' });
      await metadata.write((tx) => tx.uploads.add(upload));
      assert.deepEqual(await metadata.read((tx) => tx.uploads.find('one')), upload);
      assert.equal(await metadata.read((tx) => tx.uploads.count()), 1);
      assert.equal(await metadata.write((tx) => tx.uploads.delete('one')), true);
      assert.equal(await metadata.write((tx) => tx.uploads.delete('one')), false);
      assert.equal(await metadata.read((tx) => tx.uploads.find('one')), undefined);
      assert.equal(await metadata.read((tx) => tx.uploads.count()), 0);
    });

    onMetadata(open, 'advance only from where they are', async (metadata) => {
      const { id } = await addRepository(metadata);
      const upload = sampleUpload(id, 'one');
      await metadata.write((tx) => tx.uploads.add(upload));
      assert.equal(await metadata.write((tx) => tx.uploads.advance('one', 3, progress)), false);
      assert.deepEqual(await metadata.read((tx) => tx.uploads.find('one')), upload);
      assert.equal(await metadata.write((tx) => tx.uploads.advance('one', 0, progress)), true);
      assert.deepEqual(await metadata.read((tx) => tx.uploads.find('one')), { ...upload, ...progress });
      assert.equal(await metadata.write((tx) => tx.uploads.advance('unknown', 0, progress)), false);
    });

    onMetadata(open, 'of many that advance from one place one does', async (metadata) => {
      const { id } = await addRepository(metadata);
      await metadata.write((tx) => tx.uploads.add(sampleUpload(id, 'one')));
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, () => metadata.write((tx) => tx.uploads.advance('one', 0, progress))),
      );
      assert.deepEqual(
        outcomes.filter((advanced) => advanced),
        [true],
      );
    });

    onMetadata(open, 'without progress are listed, longest abandoned first', async (metadata) => {
      const { id } = await addRepository(metadata);
      for (const [name, updatedAt] of [
        ['young', 3000],
        ['old', 1000],
        ['middle', 2000],
      ] as const) {
        await metadata.write((tx) => tx.uploads.add(sampleUpload(id, name, { updatedAt })));
      }
      const list = async (updatedBefore: number, limit = 10) =>
        (await metadata.read((tx) => tx.uploads.listAbandoned({ updatedBefore, limit }))).map((upload) => upload.id);
      assert.deepEqual(await list(3000), ['old', 'middle']);
      assert.deepEqual(await list(3001, 1), ['old']);
      await metadata.write((tx) => tx.uploads.advance('old', 0, { ...progress, updatedAt: 5000 }));
      assert.deepEqual(await list(3001), ['middle', 'young']);
    });
  });
}
