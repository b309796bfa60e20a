/** What must hold before an image may be put, each as a step of the transaction that puts it. */
import type { ParsedManifest } from '../../../lib/oci/manifest.ts';
import type { MetadataTx } from '../../../ports/metadata.ts';
import type { ImageRecord, RepositoryRecord, StoredLayer } from '../../../ports/records.ts';
import type { Work } from '../../../ports/work.ts';
import type { EcrService } from '../ecr-service.ts';
import {
  invalidImageManifest,
  layersNotFound,
  referencedImagesNotFound,
  tooManyImages,
  tooManyTagsOnImage,
} from '../faults.ts';
import { limits } from '../limits.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { checkLayers, layerDescriptors } from './required-layers.ts';

/** What is known of stored objects by their location. Bad ones count as missing, so that the client uploads them again. */
export interface LayerLooks {
  readonly good: Set<string>;
  readonly bad: Set<string>;
  readonly trustedSince: number;
}

/** A transaction cannot look at objects: it ends without a change, they are looked at, and it is tried again. */
export interface LayersInDoubt {
  readonly inDoubt: readonly StoredLayer[];
}

/** Answers the digests that the image keeps. Throws LayersNotFound, and InvalidParameter for a wrong size. */
export function* requireLayers(
  tx: MetadataTx,
  repository: RepositoryRecord,
  ref: RepositoryRef,
  manifest: ParsedManifest,
  looks: LayerLooks,
): Work<{ readonly kept: readonly string[] } | LayersInDoubt> {
  const descriptors = layerDescriptors(manifest);
  if (descriptors.length === 0) return { kept: [] };
  const layers = yield* tx.layers.findMany(repository.id, distinctDigests(descriptors));
  const whole = layers.filter(({ blob }) => !blob.damaged && !looks.bad.has(blob.location));
  const inDoubt = whole.filter(({ blob }) => blob.verifiedAt < looks.trustedSince && !looks.good.has(blob.location));
  if (inDoubt.length > 0) return { inDoubt };
  const stored = new Map<string, StoredLayer>(whole.map((layer) => [layer.digest, layer]));
  const { missing, wrongSize, kept } = checkLayers(descriptors, stored);
  if (missing.length > 0) throw layersNotFound(missing, ref);
  const wrong = wrongSize[0];
  if (wrong !== undefined) {
    const actual = stored.get(wrong.digest)?.blob.size;
    throw invalidImageManifest(`The size of ${wrong.digest} is ${wrong.size} but the stored layer has ${actual} bytes`);
  }
  return { kept };
}

/** Answers the digests of the manifests that an index lists. Throws ReferencedImagesNotFound. */
export function* requireChildren(
  tx: MetadataTx,
  repository: RepositoryRecord,
  ref: RepositoryRef,
  manifest: ParsedManifest,
  sparse: boolean,
): Work<readonly string[]> {
  const digests = distinctDigests(manifest.manifests);
  if (digests.length === 0 || sparse) return digests;
  const existing = yield* tx.images.existing(repository.id, digests);
  const missing = digests.filter((digest) => !existing.has(digest));
  if (missing.length > 0) throw referencedImagesNotFound(missing, ref);
  return digests;
}

/** Throws LimitExceeded. */
export function* requireRoomForImage(
  ecr: EcrService,
  tx: MetadataTx,
  repository: RepositoryRecord,
  ref: RepositoryRef,
): Work<void> {
  const hasRoom = yield* ecr.imageQuota.hasRoom(repository.id, () => tx.images.count(repository.id));
  if (!hasRoom) throw tooManyImages(ref, ecr.imageQuota.limit);
}

/** Throws LimitExceeded. */
export function* requireRoomForTags(
  tx: MetadataTx,
  ref: RepositoryRef,
  existing: ImageRecord | undefined,
  newTags: readonly string[],
): Work<void> {
  if (newTags.length === 0) return;
  const held = existing === undefined ? 0 : yield* tx.tags.countOfImage(existing.id);
  const firstTooMany = newTags[limits.tagsPerImage - held];
  if (firstTooMany !== undefined) throw tooManyTagsOnImage(firstTooMany, ref, limits.tagsPerImage);
}

function distinctDigests(descriptors: readonly { readonly digest: string }[]): readonly string[] {
  return [...new Set(descriptors.map(({ digest }) => digest))];
}
