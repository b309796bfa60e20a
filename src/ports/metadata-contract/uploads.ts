/** Open uploads. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';
import { addRepository, sampleUpload } from './samples.ts';

const nobody = { holder: '', offset: 0 };
const progress = { offset: 5, state: 'five', parts: 1, lastPartSize: 5, shortPartFollowed: true, updatedAt: 1500 };

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
      assert.equal(await metadata.write((tx) => tx.uploads.advance('one', { ...nobody, offset: 3 }, progress)), false);
      assert.deepEqual(await metadata.read((tx) => tx.uploads.find('one')), upload);
      assert.equal(await metadata.write((tx) => tx.uploads.advance('one', nobody, progress)), true);
      assert.deepEqual(await metadata.read((tx) => tx.uploads.find('one')), { ...upload, ...progress });
      assert.equal(await metadata.write((tx) => tx.uploads.advance('unknown', nobody, progress)), false);
    });

    onMetadata(open, 'of many that advance from one place one does', async (metadata) => {
      const { id } = await addRepository(metadata);
      await metadata.write((tx) => tx.uploads.add(sampleUpload(id, 'one')));
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, () => metadata.write((tx) => tx.uploads.advance('one', nobody, progress))),
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
        (await metadata.read((tx) => tx.uploads.listAbandoned({ updatedBefore, now: 5000, limit }))).map(
          (upload) => upload.id,
        );
      assert.deepEqual(await list(3000), ['old', 'middle']);
      assert.deepEqual(await list(3001, 1), ['old']);
      await metadata.write((tx) => tx.uploads.advance('old', nobody, { ...progress, updatedAt: 5000 }));
      assert.deepEqual(await list(3001), ['middle', 'young']);
    });

    onMetadata(open, 'that are held advance, move and end only for their holder', async (metadata) => {
      const { id } = await addRepository(metadata);
      const upload = sampleUpload(id, 'one');
      const find = () => metadata.read((tx) => tx.uploads.find('one'));
      await metadata.write((tx) => tx.uploads.add(upload));
      await metadata.write((tx) => tx.uploads.claim('one', { holder: 'a', heldUntil: 10_000 }));
      await metadata.write((tx) => tx.uploads.claim('one', { holder: 'b', heldUntil: 20_000 }));
      const place = { objectKey: 'elsewhere', state: 'moved' };
      for (const holder of ['a', '']) {
        assert.equal(await metadata.write((tx) => tx.uploads.extendClaim('one', { holder, heldUntil: 9 })), false);
        assert.equal(await metadata.write((tx) => tx.uploads.moveObject('one', holder, place)), false);
        assert.equal(await metadata.write((tx) => tx.uploads.advance('one', { holder, offset: 0 }, progress)), false);
        assert.equal(await metadata.write((tx) => tx.uploads.delete('one', holder)), false);
        await metadata.write((tx) => tx.uploads.release('one', holder));
      }
      assert.deepEqual(await find(), { ...upload, holder: 'b', heldUntil: 20_000 });

      assert.equal(
        await metadata.write((tx) => tx.uploads.extendClaim('one', { holder: 'b', heldUntil: 30_000 })),
        true,
      );
      assert.equal(await metadata.write((tx) => tx.uploads.moveObject('one', 'b', place)), true);
      assert.deepEqual(await find(), { ...upload, ...place, holder: 'b', heldUntil: 30_000 });
      assert.equal(await metadata.write((tx) => tx.uploads.advance('one', { holder: 'b', offset: 0 }, progress)), true);
      assert.deepEqual(await find(), { ...upload, ...place, ...progress }, 'and nobody holds it any more');

      await metadata.write((tx) => tx.uploads.claim('one', { holder: 'c', heldUntil: 40_000 }));
      await metadata.write((tx) => tx.uploads.release('one', 'c'));
      assert.equal((await find())?.holder, '');
      await metadata.write((tx) => tx.uploads.claim('one', { holder: 'd', heldUntil: 50_000 }));
      assert.equal(await metadata.write((tx) => tx.uploads.delete('one', 'd')), true);
    });

    onMetadata(open, 'that somebody holds are not abandoned until the claim has run out', async (metadata) => {
      const { id } = await addRepository(metadata);
      await metadata.write((tx) => tx.uploads.add(sampleUpload(id, 'one')));
      await metadata.write((tx) => tx.uploads.claim('one', { holder: 'a', heldUntil: 10_000 }));
      const list = async (now: number) =>
        (await metadata.read((tx) => tx.uploads.listAbandoned({ updatedBefore: 2000, now, limit: 9 }))).length;
      assert.deepEqual([await list(9_999), await list(10_000)], [0, 1]);
    });
  });
}
