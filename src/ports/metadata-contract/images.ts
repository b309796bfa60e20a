/** Images one by one: found by digest, tag and reference; their edges and sizes. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';
import { addImage, addLayer, addRepository, digestOf, registry, sampleImage } from './samples.ts';

export function imageSuite(open: OpenMetadata): void {
  describe('images', () => {
    onMetadata(open, 'are found as they were added, byte for byte', async (metadata) => {
      const { id: repositoryId } = await addRepository(metadata);
      const manifest = new Uint8Array([0, 10, 13, 34, 0xc3, 0x28, 0xff, ...new Uint8Array(70_000)]);
      const { layerDigests, childDigests, ...given } = sampleImage(repositoryId, 'image', {
        manifest,
        artifactMediaType: 'application/vnd.oci.image.config.v1+json',
        artifactType: 'application/vnd.example',
        subjectDigest: digestOf('subject'),
        imageSize: 2 ** 40,
        pushedAt: 1_700_000_000_123,
        lastPulledAt: 1_700_000_000_456,
      });
      const added = await metadata.write((tx) => tx.images.add({ ...given, layerDigests, childDigests }));
      assert.deepEqual(added, { ...given, id: added.id });
      await metadata.write((tx) => tx.tags.put({ repositoryId, tag: 'v1', imageId: added.id, updatedAt: 1 }));
      const reads = await metadata.read(function* (tx) {
        return [
          yield* tx.images.findByDigest(repositoryId, given.digest),
          yield* tx.images.findByTag(repositoryId, 'v1'),
          yield* tx.images.findByReference(registry, 'team/app', { tag: 'v1' }),
          yield* tx.images.findByReference(registry, 'team/app', { digest: given.digest }),
        ];
      });
      for (const found of reads) assert.deepEqual(plain(found), plain({ ...given, id: added.id }));
    });

    onMetadata(open, 'absent members come back absent', async (metadata) => {
      const { id } = await addRepository(metadata);
      const image = await addImage(metadata, id, 'image');
      const found = await metadata.read((tx) => tx.images.findByDigest(id, image.digest));
      assert.deepEqual(plain(found), plain(image));
      assert.equal(found?.subjectDigest, undefined);
      assert.equal(found?.lastPulledAt, undefined);
    });

    onMetadata(open, 'are not found elsewhere', async (metadata) => {
      const { id } = await addRepository(metadata);
      const other = await addRepository(metadata, { name: 'other' });
      const { digest } = await addImage(metadata, id, 'image', { tags: ['v1'] });
      const found = await metadata.read(function* (tx) {
        return [
          yield* tx.images.findByDigest(other.id, digest),
          yield* tx.images.findByTag(other.id, 'v1'),
          yield* tx.images.findByTag(id, 'V1'),
          yield* tx.images.findByReference(registry, 'other', { tag: 'v1' }),
          yield* tx.images.findByReference(registry, 'other', { digest }),
          yield* tx.images.findByReference({ ...registry, region: 'us-west-2' }, 'team/app', { tag: 'v1' }),
          yield* tx.images.findByReference({ ...registry, accountId: '222222222222' }, 'team/app', { digest }),
        ];
      });
      assert.deepEqual(
        found,
        found.map(() => undefined),
      );
    });

    onMetadata(open, 'one digest is one image of a repository', async (metadata) => {
      const { id } = await addRepository(metadata);
      await addImage(metadata, id, 'image');
      await assert.rejects(addImage(metadata, id, 'image'));
      assert.equal(await metadata.read((tx) => tx.images.count(id)), 1);
    });

    onMetadata(open, 'cannot refer to layers that are not there', async (metadata) => {
      const { id } = await addRepository(metadata);
      const other = await addRepository(metadata, { name: 'other' });
      await addLayer(metadata, other.id, 'elsewhere');
      await assert.rejects(addImage(metadata, id, 'image', { layerDigests: [digestOf('elsewhere')] }));
      assert.equal(await metadata.read((tx) => tx.images.count(id)), 0);
    });

    onMetadata(open, 'say which of many digests are there', async (metadata) => {
      const { id } = await addRepository(metadata);
      for (const name of ['one', 'two']) await addImage(metadata, id, name);
      const asked = ['one', 'three', 'two'].map(digestOf);
      const existing = await metadata.read((tx) => tx.images.existing(id, asked));
      assert.deepEqual(existing, new Set(['one', 'two'].map(digestOf)));
      assert.deepEqual(await metadata.read((tx) => tx.images.existing(id, [])), new Set());
    });

    onMetadata(open, 'say the largest among many', async (metadata) => {
      const { id } = await addRepository(metadata);
      await addImage(metadata, id, 'small', { imageSize: 5 });
      await addImage(metadata, id, 'large', { imageSize: 50 });
      await addImage(metadata, id, 'not asked', { imageSize: 500 });
      const largest = (...of: string[]) => metadata.read((tx) => tx.images.largest(id, of.map(digestOf)));
      assert.equal(await largest('small', 'large', 'unknown'), 50);
      assert.equal(await largest('unknown'), 0);
      assert.equal(await largest(), 0);
    });

    onMetadata(open, 'know the indexes that list them', async (metadata) => {
      const { id } = await addRepository(metadata);
      const child = digestOf('child');
      await addImage(metadata, id, 'child');
      const index = await addImage(metadata, id, 'index', { childDigests: [child, digestOf('sibling')] });
      await addImage(metadata, id, 'second index', { childDigests: [child] });
      const parents = () => metadata.read((tx) => tx.images.parents(id, child));
      assert.deepEqual(await parents(), [digestOf('index'), digestOf('second index')]);
      await metadata.write((tx) => tx.images.delete(index.id, 1));
      assert.deepEqual(await parents(), [digestOf('second index')]);
    });

    onMetadata(open, 'go with their tags and bytes, and their digest may come again later', async (metadata) => {
      const { id } = await addRepository(metadata);
      const image = await addImage(metadata, id, 'image', { tags: ['a', 'b'] });
      await addImage(metadata, id, 'other', { tags: ['c'] });
      await metadata.write((tx) => tx.images.delete(image.id, 1));
      assert.equal(await metadata.read((tx) => tx.images.findByDigest(id, image.digest)), undefined);
      assert.deepEqual(await metadata.read((tx) => tx.tags.listNames(id, { limit: 10 })), ['c']);
      const again = await addImage(metadata, id, 'image');
      assert.ok(again.id > image.id, 'an id is never used twice');
    });

    onMetadata(open, 'remember when they were last pulled', async (metadata) => {
      const { id } = await addRepository(metadata);
      const one = await addImage(metadata, id, 'one');
      const two = await addImage(metadata, id, 'two');
      await metadata.write((tx) =>
        tx.images.setLastPulled(
          new Map([
            [one.id, 77],
            [two.id + 1000, 88],
          ]),
        ),
      );
      assert.equal((await metadata.read((tx) => tx.images.summary(one.id)))?.lastPulledAt, 77);
      assert.equal((await metadata.read((tx) => tx.images.summary(two.id)))?.lastPulledAt, undefined);
      await metadata.write((tx) => tx.images.setLastPulled(new Map([[one.id, 76]])));
      assert.equal((await metadata.read((tx) => tx.images.summary(one.id)))?.lastPulledAt, 77, 'a later pull stays');
    });
  });
}

/** Drivers answer bytes as different kinds of Uint8Array. */
const plain = <T extends { manifest: Uint8Array }>(image: T | undefined) =>
  image && { ...image, manifest: Buffer.from(image.manifest).toString('hex') };
