/** The rows of stored objects. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';
import { addLayer, addRepository, digestOf, sampleBlob, sampleUpload } from './samples.ts';

export function blobSuite(open: OpenMetadata): void {
  describe('blobs', () => {
    onMetadata(open, 'are found by digest as they were added', async (metadata) => {
      const given = sampleBlob('blob', { size: 2 ** 45, createdAt: 1_700_000_000_123, verifiedAt: 1_700_000_000_456 });
      const added = await metadata.write((tx) => tx.blobs.add(given));
      assert.deepEqual(added, { ...given, id: added.id });
      assert.deepEqual(await metadata.read((tx) => tx.blobs.findByDigest(given.digest)), added);
      assert.equal(await metadata.read((tx) => tx.blobs.findByDigest(digestOf('other'))), undefined);
    });

    onMetadata(open, 'are marked damaged, verified, and healed elsewhere', async (metadata) => {
      const added = await metadata.write((tx) => tx.blobs.add(sampleBlob('blob')));
      const found = () => metadata.read((tx) => tx.blobs.findByDigest(added.digest));
      await metadata.write((tx) => tx.blobs.setVerified(added.id, 'damaged'));
      assert.deepEqual(await found(), { ...added, damaged: true });
      await metadata.write((tx) => tx.blobs.setVerified(added.id, { fingerprint: 'new looks', verifiedAt: 7 }));
      assert.deepEqual(await found(), { ...added, fingerprint: 'new looks', verifiedAt: 7 });
      await metadata.write((tx) => tx.blobs.setVerified(added.id, 'damaged'));
      const healed = { location: 'elsewhere', fingerprint: 'healed', verifiedAt: 8 };
      await metadata.write((tx) => tx.blobs.relocate(added.id, healed));
      assert.deepEqual(await found(), { ...added, ...healed });
    });

    onMetadata(open, 'are listed by id page by page', async (metadata) => {
      const ids: number[] = [];
      for (const name of ['c', 'a', 'b']) ids.push((await metadata.write((tx) => tx.blobs.add(sampleBlob(name)))).id);
      const first = await metadata.read((tx) => tx.blobs.list({ limit: 2 }));
      const rest = await metadata.read((tx) => tx.blobs.list({ limit: 2, after: first[1]!.id }));
      assert.deepEqual(
        [...first, ...rest].map((blob) => blob.id),
        ids,
      );
    });

    onMetadata(open, 'that no repository shows are listed and may go; others may not', async (metadata) => {
      const { id: repositoryId } = await addRepository(metadata);
      const other = await addRepository(metadata, { name: 'other' });
      const shown = await addLayer(metadata, repositoryId, 'shown');
      await addLayer(metadata, other.id, 'shown');
      const loose = await metadata.write((tx) => tx.blobs.add(sampleBlob('loose', { createdAt: 1000 })));
      const young = await metadata.write((tx) => tx.blobs.add(sampleBlob('young', { createdAt: 5000 })));
      const listed = async (createdBefore: number, after = 0) =>
        (await metadata.read((tx) => tx.blobs.listUnreferenced({ limit: 10, createdBefore, after }))).map((b) => b.id);

      assert.deepEqual(await listed(5000), [loose.id]);
      assert.deepEqual(await listed(5001), [loose.id, young.id]);
      assert.deepEqual(await listed(5001, loose.id), [young.id]);
      await metadata.write((tx) => tx.layers.delete(repositoryId, shown.digest));
      assert.deepEqual(await listed(5000), [loose.id]);
      assert.equal(await metadata.write((tx) => tx.blobs.deleteIfUnreferenced(shown.id)), false);
      await metadata.write((tx) => tx.layers.delete(other.id, shown.digest));
      assert.deepEqual(await listed(5000), [shown.id, loose.id]);

      assert.equal(await metadata.write((tx) => tx.blobs.deleteIfUnreferenced(shown.id)), true);
      assert.equal(await metadata.write((tx) => tx.blobs.deleteIfUnreferenced(shown.id)), false);
      assert.equal(await metadata.read((tx) => tx.blobs.findByDigest(shown.digest)), undefined);
      assert.deepEqual(await listed(5000), [loose.id]);
    });

    onMetadata(open, 'a blob shown again is not listed any more', async (metadata) => {
      const { id } = await addRepository(metadata);
      const blob = await addLayer(metadata, id, 'layer');
      await metadata.write((tx) => tx.layers.delete(id, blob.digest));
      await addLayer(metadata, id, 'layer');
      assert.deepEqual(await metadata.read((tx) => tx.blobs.listUnreferenced({ limit: 1, createdBefore: 9e12 })), []);
    });

    onMetadata(open, 'and open uploads say which objects are known', async (metadata) => {
      const { id } = await addRepository(metadata);
      await metadata.write((tx) => tx.blobs.add(sampleBlob('blob')));
      await metadata.write((tx) => tx.uploads.add(sampleUpload(id, 'upload')));
      const known = await metadata.read((tx) =>
        tx.blobs.knownObjects(['objects/blob', 'uploads/upload', 'objects/orphan', 'a "quoted" name']),
      );
      assert.deepEqual(known, new Set(['objects/blob', 'uploads/upload']));
      assert.deepEqual(await metadata.read((tx) => tx.blobs.knownObjects([])), new Set());
    });
  });
}
