/** Any order of pushes, tags and deletions, compared with a few lines of arrays that do the same. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Metadata, TagStatus } from '../metadata.ts';
import type { OpenMetadata } from './on-metadata.ts';
import { addImage, addLayer, addRepository, digestOf } from './samples.ts';

type Command =
  | {
      readonly kind: 'push';
      readonly image: number;
      readonly layers: readonly number[];
      readonly tags: readonly string[];
    }
  | { readonly kind: 'tag'; readonly image: number; readonly tag: string }
  | { readonly kind: 'untag'; readonly tag: string }
  | { readonly kind: 'delete'; readonly image: number };

interface ModelImage {
  readonly digest: string;
  readonly layers: readonly string[];
  tags: string[];
}

const image = fc.nat({ max: 5 });
const tag = fc.constantFrom('a', 'A', 'b', 'c', 'latest');
const layers = fc.uniqueArray(fc.nat({ max: 4 }), { maxLength: 4 });
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), image, layers, tags: fc.uniqueArray(tag, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('tag' as const), image, tag }),
  fc.record({ kind: fc.constant('untag' as const), tag }),
  fc.record({ kind: fc.constant('delete' as const), image }),
);

export function modelSuite(open: OpenMetadata): void {
  describe('against a model', () => {
    test('listings, tags and references stay true through any history', async () => {
      const { metadata, close } = await open();
      let runs = 0;
      try {
        await fc.assert(
          fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
            const { id } = await addRepository(metadata, { name: `run-${runs++}` });
            const images: ModelImage[] = [];
            for (const each of commands) await apply(metadata, id, images, each);
            await assertSame(metadata, id, images);
            await metadata.write((tx) => tx.repositories.delete(id));
            while (await metadata.write((tx) => tx.repositories.purge(3)));
          }),
          { numRuns: 60 },
        );
        const left = await metadata.read((tx) => tx.blobs.listUnreferenced({ limit: 100, createdBefore: 9e12 }));
        const stored = await metadata.read((tx) => tx.blobs.list({ limit: 100 }));
        assert.deepEqual(left, stored, 'no repository, so nobody shows a blob');
      } finally {
        await close();
      }
    });
  });
}

/** Does to the database and to the model what the command says; what makes no sense at this point is left out of both. */
async function apply(metadata: Metadata, repositoryId: number, images: ModelImage[], each: Command): Promise<void> {
  const found = 'image' in each ? images.find((known) => known.digest === digestOf(`image ${each.image}`)) : undefined;
  const stored = found && (await metadata.read((tx) => tx.images.findByDigest(repositoryId, found.digest)))!;
  switch (each.kind) {
    case 'push': {
      if (found !== undefined) return;
      for (const layer of each.layers) await addLayer(metadata, repositoryId, `layer ${layer}`);
      const layerDigests = each.layers.map((layer) => digestOf(`layer ${layer}`));
      await addImage(metadata, repositoryId, `image ${each.image}`, { layerDigests, tags: each.tags });
      dropTags(images, each.tags);
      images.push({ digest: digestOf(`image ${each.image}`), layers: layerDigests, tags: [...each.tags] });
      return;
    }
    case 'tag': {
      if (found === undefined || stored === undefined) return;
      await metadata.write((tx) => tx.tags.put({ repositoryId, tag: each.tag, imageId: stored.id, updatedAt: 1 }));
      if (found.tags.includes(each.tag)) return;
      dropTags(images, [each.tag]);
      found.tags.push(each.tag);
      return;
    }
    case 'untag':
      await metadata.write((tx) => tx.tags.delete(repositoryId, each.tag));
      dropTags(images, [each.tag]);
      return;
    case 'delete':
      if (found === undefined || stored === undefined) return;
      await metadata.write((tx) => tx.images.delete(stored.id, 1));
      images.splice(images.indexOf(found), 1);
  }
}

function dropTags(images: ModelImage[], tags: readonly string[]): void {
  for (const known of images) known.tags = known.tags.filter((each) => !tags.includes(each));
}

async function assertSame(metadata: Metadata, id: number, images: readonly ModelImage[]): Promise<void> {
  const statuses: [TagStatus, (image: ModelImage) => boolean][] = [
    ['ANY', () => true],
    ['TAGGED', (known) => known.tags.length > 0],
    ['UNTAGGED', (known) => known.tags.length === 0],
  ];
  for (const [tagStatus, has] of statuses) {
    const listed = await metadata.read((tx) => tx.images.list(id, { limit: 100, tagStatus }));
    assert.deepEqual(
      listed.map(({ digest, tags }) => ({ digest, tags })),
      images.filter(has).map(({ digest, tags }) => ({ digest, tags })),
    );
    const rows = await metadata.read((tx) => tx.images.listIds(id, { limit: 100, tagStatus }));
    assert.deepEqual(
      rows.map((row) => [row.digest, row.tag]),
      images
        .filter(has)
        .flatMap(({ digest, tags }) => (tags.length === 0 ? [undefined] : tags).map((each) => [digest, each])),
    );
  }
  const referenced = new Set(images.flatMap((known) => known.layers));
  const known = [0, 1, 2, 3, 4].map((layer) => digestOf(`layer ${layer}`));
  const layersThere = await metadata.read((tx) => tx.layers.findMany(id, known));
  const expired = await metadata.read((tx) => tx.layers.listExpired({ renewedBefore: 9e12, limit: 100 }));
  for (const layer of layersThere) {
    assert.equal(layer.referenced, referenced.has(layer.digest));
    assert.equal(
      expired.some((each) => each.digest === layer.digest),
      !layer.referenced,
    );
  }
}
