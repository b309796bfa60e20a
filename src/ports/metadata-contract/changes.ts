/** What caches are told: every removal and change, after the commit and before anybody is answered, never an addition. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Metadata, MetadataChange, MetadataTx } from '../metadata.ts';
import type { Work } from '../work.ts';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';
import { addImage, addLayer, addRepository, digestOf, sampleBlob, sampleUpload } from './samples.ts';

export function changeSuite(open: OpenMetadata): void {
  describe('changes', () => {
    onMetadata(open, 'every removal and change of what belongs to a repository names it', async (metadata) => {
      const repository = await addRepository(metadata);
      const { id } = repository;
      await addLayer(metadata, id, 'layer');
      await addLayer(metadata, id, 'spare');
      const spareBlob = await addLayer(metadata, id, 'other');
      const one = await addImage(metadata, id, 'one', { tags: ['moving', 'going'], layerDigests: [digestOf('layer')] });
      const two = await addImage(metadata, id, 'two');
      const told = listen(metadata);
      const changes: ((tx: MetadataTx) => Work<unknown>)[] = [
        (tx) => tx.tags.put({ repositoryId: id, tag: 'moving', imageId: two.id, updatedAt: 1 }),
        (tx) => tx.tags.delete(id, 'going'),
        (tx) => tx.images.delete(one.id, 1),
        (tx) => tx.layers.delete(id, digestOf('layer')),
        (tx) => tx.layers.put({ repositoryId: id, digest: digestOf('spare'), blobId: spareBlob.id, renewedAt: 1 }),
        (tx) => tx.repositories.setScanOnPush(id, true),
        (tx) => tx.repositories.setTagMutability(id, 'IMMUTABLE', []),
        (tx) => tx.repositories.setResourceTags(id, []),
        (tx) => tx.repositories.delete(id),
      ];
      for (const change of changes) {
        await metadata.write(change);
        assert.deepEqual(told.splice(0), [{ kind: 'repositories', ids: new Set([id]) }], String(change));
      }
    });

    onMetadata(open, 'a change of what is not one repository’s concerns everything', async (metadata) => {
      const { id } = await addRepository(metadata);
      const blob = await addLayer(metadata, id, 'layer');
      const loose = await metadata.write((tx) => tx.blobs.add(sampleBlob('loose')));
      const accountId = '222222222222';
      await metadata.write((tx) => tx.accounts.add({ accountId, createdAt: 1 }));
      const key = { accessKeyId: 'AKIAEXAMPLE', accountId, sealedSecret: Buffer.from('sealed'), createdAt: 1 };
      const told = listen(metadata);
      const changes: ((tx: MetadataTx) => Work<unknown>)[] = [
        (tx) => tx.blobs.relocate(blob.id, { location: 'elsewhere', fingerprint: 'f', verifiedAt: 1 }),
        (tx) => tx.blobs.setVerified(blob.id, { fingerprint: 'g', verifiedAt: 2 }),
        (tx) => tx.blobs.setVerified(blob.id, 'damaged'),
        (tx) => tx.blobs.deleteIfUnreferenced(loose.id),
        (tx) => tx.accounts.putAccessKey(key),
        (tx) => tx.accounts.delete(accountId),
      ];
      for (const change of changes) {
        await metadata.write(change);
        assert.deepEqual(told.splice(0), [{ kind: 'everything' }], String(change));
      }
    });

    onMetadata(open, 'additions, and changes of nothing, are not told', async (metadata) => {
      const told = listen(metadata);
      const { id } = await addRepository(metadata);
      await addLayer(metadata, id, 'layer');
      await addLayer(metadata, id, 'layer', 5000);
      const image = await addImage(metadata, id, 'image', { tags: ['tag'], layerDigests: [digestOf('layer')] });
      await metadata.write((tx) => tx.tags.put({ repositoryId: id, tag: 'tag', imageId: image.id, updatedAt: 9 }));
      await metadata.write((tx) => tx.tags.delete(id, 'unknown'));
      await metadata.write((tx) => tx.layers.delete(id, digestOf('unknown')));
      await metadata.write((tx) => tx.images.delete(image.id + 1000, 1));
      await metadata.write((tx) => tx.images.setLastPulled(new Map([[image.id, 5]])));
      await metadata.write((tx) => tx.uploads.add(sampleUpload(id, 'upload')));
      await metadata.write((tx) => tx.uploads.delete('upload'));
      assert.deepEqual(told, []);
    });

    onMetadata(open, 'is told after the commit and before the writer is answered', async (metadata) => {
      const repository = await addRepository(metadata);
      const order: string[] = [];
      let seen: Promise<boolean | undefined> | undefined;
      metadata.onChange(() => {
        order.push('told');
        seen = metadata
          .read((tx) => tx.repositories.find(repository, repository.name))
          .then((found) => found?.scanOnPush);
      });
      await metadata
        .write((tx) => tx.repositories.setScanOnPush(repository.id, true))
        .then(() => order.push('answered'));
      assert.deepEqual(order, ['told', 'answered']);
      assert.equal(await seen, true);
    });

    onMetadata(open, 'a unit that throws tells nothing, those beside it do', async (metadata) => {
      const one = await addRepository(metadata, { name: 'one' });
      const two = await addRepository(metadata, { name: 'two' });
      const told = listen(metadata);
      await Promise.allSettled([
        metadata.write(function* (tx) {
          yield* tx.repositories.setScanOnPush(one.id, true);
          throw new Error('no');
        }),
        metadata.write((tx) => tx.repositories.setScanOnPush(two.id, true)),
      ]);
      assert.deepEqual(told, [{ kind: 'repositories', ids: new Set([two.id]) }]);
    });
  });
}

/** What is told from now on. */
export function listen(metadata: Metadata): MetadataChange[] {
  const told: MetadataChange[] = [];
  metadata.onChange((change) => told.push(change));
  return told;
}
