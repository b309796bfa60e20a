/** Layers: which repository shows which blob, and since when nobody needs it. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';
import { addImage, addLayer, addRepository, digestOf, registry, sampleBlob } from './samples.ts';

export function layerSuite(open: OpenMetadata): void {
  describe('layers', () => {
    onMetadata(open, 'are found in their repository only, with their blob', async (metadata) => {
      const { id: repositoryId } = await addRepository(metadata);
      const other = await addRepository(metadata, { name: 'other' });
      const blob = await addLayer(metadata, repositoryId, 'layer', 4000);
      const expected = { repositoryId, digest: blob.digest, blobId: blob.id, renewedAt: 4000, blob, referenced: false };
      assert.deepEqual(await metadata.read((tx) => tx.layers.find(repositoryId, blob.digest)), expected);
      assert.equal(await metadata.read((tx) => tx.layers.find(other.id, blob.digest)), undefined);
      const many = await metadata.read((tx) => tx.layers.findMany(repositoryId, [digestOf('unknown'), blob.digest]));
      assert.deepEqual(many, [expected]);
      assert.deepEqual(await metadata.read((tx) => tx.layers.findMany(repositoryId, [])), []);
    });

    onMetadata(open, 'a damaged blob is still found', async (metadata) => {
      const { id } = await addRepository(metadata);
      const blob = await addLayer(metadata, id, 'layer');
      await metadata.write((tx) => tx.blobs.setVerified(blob.id, 'damaged'));
      const found = await metadata.read((tx) => tx.layers.find(id, blob.digest));
      assert.equal(found?.blob.damaged, true);
    });

    onMetadata(open, 'are found anywhere in the registry, never in another', async (metadata) => {
      const there = await addRepository(metadata, { name: 'there' });
      const abroad = await addRepository(metadata, { region: 'us-west-2' });
      const blob = await addLayer(metadata, there.id, 'layer');
      await addLayer(metadata, abroad.id, 'layer');
      await addLayer(metadata, abroad.id, 'only-abroad');
      const find = (name: string) => metadata.read((tx) => tx.layers.findInRegistry(registry, digestOf(name)));
      const found = await find('layer');
      assert.equal(found?.repositoryId, there.id);
      assert.deepEqual(found?.blob, blob);
      assert.equal(await find('only-abroad'), undefined);
    });

    onMetadata(open, 'are renewed by put and renew, and may get another blob', async (metadata) => {
      const { id: repositoryId } = await addRepository(metadata);
      const blob = await addLayer(metadata, repositoryId, 'layer', 1000);
      const find = () => metadata.read((tx) => tx.layers.find(repositoryId, blob.digest));
      await addLayer(metadata, repositoryId, 'layer', 2000);
      assert.equal((await find())?.renewedAt, 2000);
      await metadata.write((tx) => tx.layers.renew(repositoryId, blob.digest, 3000));
      assert.equal((await find())?.renewedAt, 3000);
      const next = await metadata.write((tx) => tx.blobs.add(sampleBlob('next')));
      await metadata.write((tx) =>
        tx.layers.put({ repositoryId, digest: blob.digest, blobId: next.id, renewedAt: 4000 }),
      );
      assert.equal((await find())?.blobId, next.id);
      assert.equal(await metadata.write((tx) => tx.blobs.deleteIfUnreferenced(next.id)), false);
      assert.equal(await metadata.write((tx) => tx.blobs.deleteIfUnreferenced(blob.id)), true);
    });

    onMetadata(open, 'are referenced as long as any image refers to them', async (metadata) => {
      const { id } = await addRepository(metadata);
      const { digest } = await addLayer(metadata, id, 'layer');
      const referenced = async () => (await metadata.read((tx) => tx.layers.find(id, digest)))?.referenced;
      const one = await addImage(metadata, id, 'one', { layerDigests: [digest] });
      const two = await addImage(metadata, id, 'two', { layerDigests: [digest] });
      assert.equal(await referenced(), true);
      await metadata.write((tx) => tx.images.delete(one.id, 5000));
      assert.equal(await referenced(), true);
      await metadata.write((tx) => tx.images.delete(two.id, 6000));
      assert.equal(await referenced(), false);
    });

    onMetadata(open, 'cannot go while an image refers to them', async (metadata) => {
      const { id } = await addRepository(metadata);
      const { digest } = await addLayer(metadata, id, 'layer');
      await addImage(metadata, id, 'image', { layerDigests: [digest] });
      await assert.rejects(metadata.write((tx) => tx.layers.delete(id, digest)));
      assert.equal((await metadata.read((tx) => tx.layers.find(id, digest)))?.digest, digest);
    });

    onMetadata(open, 'expire in order of their renewal when no image refers to them', async (metadata) => {
      const { id } = await addRepository(metadata);
      for (const [name, at] of [
        ['late', 3000],
        ['early', 1000],
        ['middle', 2000],
        ['used', 500],
      ] as const) {
        await addLayer(metadata, id, name, at);
      }
      const image = await addImage(metadata, id, 'image', { layerDigests: [digestOf('used')] });
      const expired = async (renewedBefore: number, limit = 10) =>
        (await metadata.read((tx) => tx.layers.listExpired({ renewedBefore, limit }))).map((layer) => layer.digest);
      assert.deepEqual(await expired(3000), [digestOf('early'), digestOf('middle')]);
      assert.deepEqual(await expired(3001, 1), [digestOf('early')]);
      await metadata.write((tx) => tx.layers.delete(id, digestOf('early')));
      assert.deepEqual(await expired(3001), [digestOf('middle'), digestOf('late')]);
      // The grace period of an image's layers begins when it goes.
      await metadata.write((tx) => tx.images.delete(image.id, 2500));
      assert.deepEqual(await expired(3001), [digestOf('middle'), digestOf('used'), digestOf('late')]);
    });
  });
}
