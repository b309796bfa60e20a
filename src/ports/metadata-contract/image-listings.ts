/** Images page by page. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Metadata, TagStatus } from '../metadata.ts';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';
import { addImage, addLayer, addRepository, digestOf, registry } from './samples.ts';

export function imageListingSuite(open: OpenMetadata): void {
  describe('listings of images', () => {
    onMetadata(open, 'a summary is the image without its bytes, with its tags in their order', async (metadata) => {
      const { id } = await addRepository(metadata);
      const { manifest, ...image } = await addImage(metadata, id, 'image', { tags: ['z', 'a', 'M'] });
      const expected = { ...image, manifestSize: manifest.byteLength, tags: ['z', 'a', 'M'] };
      assert.deepEqual(await metadata.read((tx) => tx.images.summary(image.id)), expected);
      assert.deepEqual(await metadata.read((tx) => tx.images.list(id, { limit: 5 })), [expected]);
      assert.equal(await metadata.read((tx) => tx.images.summary(image.id + 1)), undefined);
    });

    onMetadata(open, 'list goes in push order, by pages, by tag status', async (metadata) => {
      const { id } = await fiveImages(metadata);
      assert.deepEqual(await listed(metadata, id), ['e', 'd', 'c', 'b', 'a'].map(digestOf));
      assert.deepEqual(await listed(metadata, id, 'TAGGED'), ['e', 'c', 'a'].map(digestOf));
      assert.deepEqual(await listed(metadata, id, 'UNTAGGED'), ['d', 'b'].map(digestOf));
    });

    onMetadata(open, 'list follows tags that come, move and go', async (metadata) => {
      const { id } = await fiveImages(metadata);
      const d = (await metadata.read((tx) => tx.images.findByDigest(id, digestOf('d'))))!;
      // c loses one of two tags to d, e loses its only one for good.
      await metadata.write((tx) => tx.tags.put({ repositoryId: id, tag: 'c2', imageId: d.id, updatedAt: 1 }));
      await metadata.write((tx) => tx.tags.delete(id, 'e1'));
      assert.deepEqual(await listed(metadata, id, 'TAGGED'), ['d', 'c', 'a'].map(digestOf));
      assert.deepEqual(await listed(metadata, id, 'UNTAGGED'), ['e', 'b'].map(digestOf));
    });

    onMetadata(open, 'listIds has a row for each tag, one for an image without', async (metadata) => {
      const { id } = await fiveImages(metadata);
      assert.deepEqual(await listedIds(metadata, id), ['e:e1', 'd:', 'c:c1', 'c:c2', 'b:', 'a:a1', 'a:a2', 'a:a3']);
      assert.deepEqual(await listedIds(metadata, id, 'TAGGED'), ['e:e1', 'c:c1', 'c:c2', 'a:a1', 'a:a2', 'a:a3']);
      assert.deepEqual(await listedIds(metadata, id, 'UNTAGGED'), ['d:', 'b:']);
    });

    onMetadata(open, 'a page goes on where the last one ended, whatever went in between', async (metadata) => {
      const { id } = await fiveImages(metadata);
      const page = await metadata.read((tx) => tx.images.listIds(id, { limit: 3 }));
      const last = page[2]!;
      assert.equal(last.tag, 'c1');
      await metadata.write((tx) => tx.tags.delete(id, 'c1'));
      const rest = await metadata.read((tx) => tx.images.listIds(id, { limit: 10, after: last }));
      assert.deepEqual(
        rest.map((row) => row.tag),
        ['c2', undefined, 'a1', 'a2', 'a3'],
      );
    });

    onMetadata(open, 'referrers are listed in push order with their bytes, by type', async (metadata) => {
      const { id } = await addRepository(metadata);
      const subjectDigest = digestOf('subject');
      await addImage(metadata, id, 'one', { subjectDigest, artifactType: 'sbom' });
      await addImage(metadata, id, 'two', { subjectDigest, artifactType: 'signature' });
      await addImage(metadata, id, 'three', { subjectDigest });
      await addImage(metadata, id, 'four', { subjectDigest, artifactType: 'sbom' });
      await addImage(metadata, id, 'unrelated', { subjectDigest: digestOf('other'), artifactType: 'sbom' });
      const list = async (options: { after?: number; limit: number; artifactTypes?: string[] }) =>
        metadata.read((tx) => tx.images.listReferrers(id, subjectDigest, options));
      const all = await list({ limit: 10 });
      assert.deepEqual(
        all.map((image) => image.digest),
        ['one', 'two', 'three', 'four'].map(digestOf),
      );
      assert.equal(Buffer.from(all[0]!.manifest).toString(), '{"name":"one"}');
      const page = await list({ limit: 2, after: all[0]!.id });
      assert.deepEqual(
        page.map((image) => image.digest),
        ['two', 'three'].map(digestOf),
      );
      const typed = await list({ limit: 10, artifactTypes: ['sbom', 'unknown'] });
      assert.deepEqual(
        typed.map((image) => image.digest),
        ['one', 'four'].map(digestOf),
      );
      assert.deepEqual(await list({ limit: 10, artifactTypes: [] }), []);
    });

    onMetadata(open, 'all images of all repositories are listed with where they are', async (metadata) => {
      const here = await addRepository(metadata);
      const abroad = await addRepository(metadata, { region: 'us-west-2', name: 'abroad' });
      for (const name of ['b', 'a']) await addLayer(metadata, here.id, name);
      await addImage(metadata, here.id, 'one', { layerDigests: ['b', 'a'].map(digestOf) });
      await addImage(metadata, abroad.id, 'two');
      const [one] = await metadata.read((tx) => tx.images.listAll({ limit: 1 }));
      const [two, ...none] = await metadata.read((tx) => tx.images.listAll({ limit: 5, after: one!.id }));
      assert.deepEqual(one?.layerDigests, ['a', 'b'].map(digestOf));
      assert.equal(Buffer.from(one!.manifest).toString(), '{"name":"one"}');
      assert.deepEqual(
        [one?.accountId, one?.region, one?.repositoryName],
        [registry.accountId, registry.region, 'team/app'],
      );
      assert.deepEqual([two?.region, two?.repositoryName, two?.layerDigests], ['us-west-2', 'abroad', []]);
      assert.deepEqual(none, []);
    });
  });
}

/** e with one tag, d without, c with two, b without, a with three; another repository beside it. */
async function fiveImages(metadata: Metadata): Promise<{ id: number }> {
  const other = await addRepository(metadata, { name: 'beside' });
  const { id } = await addRepository(metadata);
  await addImage(metadata, other.id, 'beside', { tags: ['beside'] });
  await addImage(metadata, id, 'e', { tags: ['e1'] });
  await addImage(metadata, id, 'd');
  await addImage(metadata, id, 'c', { tags: ['c1', 'c2'] });
  await addImage(metadata, id, 'b');
  await addImage(metadata, id, 'a', { tags: ['a1', 'a2', 'a3'] });
  return { id };
}

/** All digests, read in pages of two. */
async function listed(metadata: Metadata, id: number, tagStatus: TagStatus = 'ANY'): Promise<string[]> {
  const found: string[] = [];
  for (let after = 0; ; ) {
    const page = await metadata.read((tx) => tx.images.list(id, { after, limit: 2, tagStatus }));
    if (page.length === 0) return found;
    found.push(...page.map((image) => image.digest));
    after = page.at(-1)!.id;
  }
}

/** All rows as `image:tag`, read in pages of two. */
async function listedIds(metadata: Metadata, id: number, tagStatus: TagStatus = 'ANY'): Promise<string[]> {
  const found: string[] = [];
  for (let after = { imageId: 0, sequence: 0 }; ; ) {
    const page = await metadata.read((tx) => tx.images.listIds(id, { after, limit: 2, tagStatus }));
    if (page.length === 0) return found;
    const nameOf = (digest: string) => ['a', 'b', 'c', 'd', 'e'].find((name) => digestOf(name) === digest);
    found.push(...page.map((row) => `${nameOf(row.digest)}:${row.tag ?? ''}`));
    after = page.at(-1)!;
  }
}
