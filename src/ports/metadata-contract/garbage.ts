/** What garbage collection may delete, and what not. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Metadata } from '../metadata.ts';
import { listen } from './changes.ts';
import { type OpenMetadata, onMetadata, onTwoHandles } from './on-metadata.ts';
import { addImage, addLayer, addRepository, digestOf, registry, sampleBlob } from './samples.ts';

const expired = (metadata: Metadata, renewedBefore: number, limit = 100) =>
  metadata.read((tx) => tx.layers.listExpired({ renewedBefore, limit }));

const deleteLayers = (metadata: Metadata, layers: Awaited<ReturnType<typeof expired>>, renewedBefore: number) =>
  metadata.write(function* (tx) {
    yield* tx.repositories.lock([...new Set(layers.map(({ repositoryId }) => repositoryId))], 'exclusive');
    return yield* tx.garbage.deleteLayers(layers, renewedBefore);
  });

const isThere = async (metadata: Metadata, repositoryId: number, name: string) =>
  (await metadata.read((tx) => tx.layers.find(repositoryId, digestOf(name)))) !== undefined;

export function garbageSuite(open: OpenMetadata, { alone = false } = {}): void {
  describe('garbage', () => {
    onMetadata(
      open,
      'layers go in one step, but for those renewed or referred to since they were listed',
      async (metadata) => {
        const one = await addRepository(metadata, { name: 'one' });
        const two = await addRepository(metadata, { name: 'two' });
        for (const name of ['a', 'renewed', 'referred']) await addLayer(metadata, one.id, name, 1000);
        await addLayer(metadata, two.id, 'a', 1000);
        const listed = await expired(metadata, 2000);
        assert.equal(listed.length, 4);
        await metadata.write((tx) => tx.layers.renew(one.id, digestOf('renewed'), 2000));
        await addImage(metadata, one.id, 'image', { layerDigests: [digestOf('referred')] });
        const told = listen(metadata);
        assert.equal(await deleteLayers(metadata, listed, 2000), 2);
        assert.deepEqual(told, [{ kind: 'repositories', ids: new Set([one.id, two.id]) }]);
        assert.deepEqual(
          await Promise.all(['a', 'renewed', 'referred'].map((name) => isThere(metadata, one.id, name))),
          [false, true, true],
        );
        assert.equal(await deleteLayers(metadata, listed, 2000), 0);
        assert.equal(await deleteLayers(metadata, [], 2000), 0);
        assert.equal(told.length, 1);
      },
    );

    onMetadata(open, 'a blob goes once no repository shows it, and no cache need be told', async (metadata) => {
      const one = await addRepository(metadata, { name: 'one' });
      const two = await addRepository(metadata, { name: 'two' });
      const shared = await addLayer(metadata, one.id, 'shared', 1000);
      await addLayer(metadata, two.id, 'shared', 5000);
      const own = await addLayer(metadata, one.id, 'own', 1000);
      const unreferenced = async () =>
        (await metadata.read((tx) => tx.blobs.listUnreferenced({ limit: 10, createdBefore: 9000 }))).map(
          ({ id }) => id,
        );
      assert.deepEqual(await unreferenced(), []);
      await deleteLayers(metadata, await expired(metadata, 2000), 2000);
      assert.deepEqual(await unreferenced(), [own.id]);
      const told = listen(metadata);
      const ids = [shared.id, own.id, own.id + 1000];
      const gone = await metadata.write((tx) => tx.garbage.deleteBlobs(ids));
      assert.deepEqual(gone, [own]);
      assert.deepEqual(told, []);
      assert.deepEqual(await metadata.write((tx) => tx.garbage.deleteBlobs(ids)), []);
      assert.equal(await isThere(metadata, two.id, 'shared'), true);
      assert.deepEqual(await metadata.write((tx) => tx.garbage.deleteBlobs([])), []);
    });

    onMetadata(open, 'is counted up to a limit', async (metadata) => {
      const { id } = await addRepository(metadata, { name: 'kept' });
      const gone = await addRepository(metadata, { name: 'gone' });
      for (const name of ['a', 'b', 'c']) await addLayer(metadata, id, name, 1000);
      await addLayer(metadata, id, 'young', 3000);
      await addImage(metadata, id, 'kept');
      for (const name of ['x', 'y']) await addImage(metadata, gone.id, name);
      await metadata.write((tx) => tx.blobs.add(sampleBlob('loose')));
      await metadata.write((tx) => tx.repositories.delete(gone.id));
      const count = (limit: number) =>
        metadata.read((tx) => tx.garbage.count({ renewedBefore: 2000, createdBefore: 2000, limit }));
      assert.deepEqual(await count(10), { images: 2, layers: 3, blobs: 1 });
      assert.deepEqual(await count(2), { images: 2, layers: 2, blobs: 1 });
    });

    onMetadata(open, 'is told in a dry run: by repository, with what stays of the bytes', async (metadata) => {
      const one = await addRepository(metadata, { name: 'one' });
      const two = await addRepository(metadata, { name: 'two' });
      const gone = await addRepository(metadata, { name: 'gone' });
      await addLayer(metadata, one.id, 'shared', 1000);
      await addLayer(metadata, two.id, 'shared', 5000);
      await addLayer(metadata, one.id, 'both', 1000);
      await addLayer(metadata, two.id, 'both', 1000);
      await addLayer(metadata, gone.id, 'both', 9000);
      await addLayer(metadata, gone.id, 'own', 9000);
      await addImage(metadata, gone.id, 'image', { layerDigests: [digestOf('own')] });
      await metadata.write((tx) => tx.repositories.delete(gone.id));
      const page = async (limit: number, after?: { renewedAt: number; id: number }) =>
        metadata.read((tx) =>
          tx.garbage.listExpiredLayers({ renewedBefore: 2000, limit, ...(after === undefined ? {} : { after }) }),
        );
      const all = await page(10);
      assert.deepEqual(
        all.map(({ repositoryName, digest, size, blobStays, registry: of }) => [
          repositoryName,
          digest,
          size,
          blobStays,
          of,
        ]),
        [
          ['one', digestOf('shared'), 1234, true, registry],
          ['one', digestOf('both'), 1234, false, registry],
          ['two', digestOf('both'), 1234, false, registry],
        ],
      );
      assert.deepEqual([...(await page(2)), ...(await page(2, (await page(2)).at(-1)))], all);
      const deleted = await metadata.read((tx) => tx.garbage.listDeletedRepositories({ limit: 10 }));
      assert.deepEqual(deleted, [{ id: gone.id, registry, repositoryName: 'gone', images: 1, layers: 2, bytes: 1234 }]);
      const after = gone.id;
      assert.deepEqual(await metadata.read((tx) => tx.garbage.listDeletedRepositories({ limit: 10, after })), []);
    });

    if (alone) return;

    onTwoHandles(
      open,
      'of two processes that take the last layers of a blob, one leaves it to be collected',
      async (here, there) => {
        const one = await addRepository(here, { name: 'one' });
        const two = await addRepository(here, { name: 'two' });
        for (let round = 0; round < 20; round += 1) {
          const blob = await addLayer(here, one.id, `layer ${round}`, 1000);
          await addLayer(here, two.id, `layer ${round}`, 1000);
          const listed = await expired(here, 2000);
          const of = (id: number) => listed.filter(({ repositoryId }) => repositoryId === id);
          await Promise.all([deleteLayers(here, of(one.id), 2000), deleteLayers(there, of(two.id), 2000)]);
          const left = await here.read((tx) => tx.blobs.listUnreferenced({ limit: 10, createdBefore: 9000 }));
          assert.deepEqual(
            left.map(({ id }) => id),
            [blob.id],
          );
          assert.equal((await there.write((tx) => tx.garbage.deleteBlobs([blob.id]))).length, 1);
        }
      },
    );

    onTwoHandles(
      open,
      'a blob that is shown again while it is collected is there whole, or not at all',
      async (here, there) => {
        const { id: repositoryId } = await addRepository(here);
        for (let round = 0; round < 20; round += 1) {
          const digest = digestOf(`blob ${round}`);
          const { id } = await here.write((tx) => tx.blobs.add(sampleBlob(`blob ${round}`)));
          const show = there.write(function* (tx) {
            const blob = yield* tx.blobs.findByDigest(digest);
            if (blob === undefined) return false;
            yield* tx.layers.put({ repositoryId, digest, blobId: blob.id, renewedAt: 1000 });
            return true;
          });
          const [gone, shown] = await Promise.all([here.write((tx) => tx.garbage.deleteBlobs([id])), show]);
          assert.equal(gone.length === 1, !shown);
          assert.equal(await isThere(here, repositoryId, `blob ${round}`), shown);
        }
      },
    );
  });
}
