/** What the race is about: few repositories, tags, images and layers, so that everybody is at the same ones all the time. */
import { type Content, makeContent } from '../black-box/content.ts';
import type { Manifest } from '../torture/model.ts';
import { makeImage, makeIndex } from '../torture/push-manifest.ts';

/** The second two are deleted and made again all the time. */
export const REPOSITORIES = ['race/one', 'race/two', 'short-lived/one', 'short-lived/two'];
export const TAGS = ['v0', 'v1', 'v2', 'v3', 'v4', 'v5'];

/** Shared between images, so that removing one must leave what another needs. One is too large for a single part of an S3 upload. */
const sizes = [120, 700, 3_000, 9_000, 20_000, 45_000, 90_000, 150_000, 400_000, 6 << 20];
export const LAYERS: readonly Content[] = sizes.map((size, index) => makeContent(`race layer ${index}`, size));
const CONFIGS: readonly Content[] = Array.from({ length: 6 }, (_, index) => makeContent(`race config ${index}`, 90));

const IMAGES: readonly Manifest[] = Array.from({ length: 6 }, (_, index) =>
  makeImage(`race image ${index}`, CONFIGS[index]!, [LAYERS[index]!, LAYERS[(index * 3 + 4) % 9]!], index % 2 === 0),
);
/** The only one with the large layer, so that the rest stays quick. */
const LARGE = makeImage('race image large', CONFIGS[0]!, [LAYERS[0]!, LAYERS[9]!], false);
const INDEXES: readonly Manifest[] = [
  makeIndex('race index 0', [IMAGES[0]!, IMAGES[1]!]),
  makeIndex('race index 1', [IMAGES[1]!, IMAGES[2]!]),
];

export const MANIFESTS: readonly Manifest[] = [...IMAGES, LARGE, ...INDEXES];

const byDigest = new Map(MANIFESTS.map((manifest) => [manifest.digest, manifest]));
const contents = new Map([...LAYERS, ...CONFIGS].map((content) => [content.digest, content]));

/** Throws RangeError for a digest of nobody's. */
export function manifestOf(digest: string): Manifest {
  const found = byDigest.get(digest);
  if (found === undefined) throw new RangeError(`no manifest of the race is ${digest}`);
  return found;
}

export function contentOf(digest: string): Content {
  const found = contents.get(digest);
  if (found === undefined) throw new RangeError(`no layer of the race is ${digest}`);
  return found;
}

/**
 * The manifests that a tag may name: four of them, so that each is named by some tags and not by others. The last tag of an image takes the image along,
 * so only these may go when the tag does.
 */
export function manifestsOfTag(tag: string): readonly Manifest[] {
  const first = TAGS.indexOf(tag);
  return [0, 1, 3, 6].map((step) => MANIFESTS[(first + step) % MANIFESTS.length]!);
}
