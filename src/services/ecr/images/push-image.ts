/**
 * Puts an image into a repository: manifest, edges and tags in one transaction, or nothing. Both edges push through here; what is
 * an error to one and a success to the other ("nothing changed") is said in the answer.
 */
import { digestOf, parseDigest } from '../../../lib/oci/digest.ts';
import type { ParsedManifest } from '../../../lib/oci/manifest.ts';
import type { MetadataTx } from '../../../ports/metadata.ts';
import type { ImageRecord, RepositoryRecord, StoredLayer } from '../../../ports/records.ts';
import type { Work } from '../../../ports/work.ts';
import type { EcrService } from '../ecr-service.ts';
import {
  imageDigestDoesNotMatch,
  imageTagAlreadyExists,
  invalidImageManifest,
  layersNotFound,
  referencedImagesNotFound,
  tooManyImages,
  tooManyTagsOnImage,
} from '../faults.ts';
import { trustLayer } from '../layers/layer-health.ts';
import { limits } from '../limits.ts';
import { findRepository, repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { mayMoveTag } from '../repositories/tag-mutability.ts';
import { readManifest } from './manifest-fault.ts';
import { checkLayers, imageSizeOf, layerDescriptors } from './required-layers.ts';

export interface PushedManifest {
  readonly manifest: Uint8Array;
  /** What the sender says it is: Content-Type, or imageManifestMediaType. */
  readonly mediaType?: string | undefined;
  readonly tags: readonly string[];
  /** What the sender says its digest is. Decides the algorithm; sha256 when left out. */
  readonly digest?: string | undefined;
  /** Whether an index may list manifests that are not here: the distribution specification allows it, ECR does not. */
  readonly sparse?: boolean;
}

export interface PushedImage {
  readonly image: ImageRecord;
  /** Whether the repository had no image of this digest before. */
  readonly created: boolean;
  /** Whether a tag was added or moved. */
  readonly tagsChanged: boolean;
  readonly subjectDigest: string | undefined;
}

/**
 * Throws, in this order: InvalidParameter (manifest), ImageDigestDoesNotMatch, RepositoryNotFound, LayersNotFound, InvalidParameter
 * (sizes), ReferencedImagesNotFound, ImageTagAlreadyExists, LimitExceeded.
 */
export async function pushImage(ecr: EcrService, ref: RepositoryRef, pushed: PushedManifest): Promise<PushedImage> {
  const manifest = readManifest(pushed.manifest, pushed.mediaType);
  const digest = digestOf(parseDigest(pushed.digest ?? '')?.algorithm ?? 'sha256', pushed.manifest);
  if (pushed.digest !== undefined && pushed.digest !== digest) throw imageDigestDoesNotMatch(pushed.digest, ref);
  const untrusted = await findUntrustedLayers(ecr, ref, manifest);
  const now = ecr.clock.now();

  const result = await ecr.metadata.write(function* (tx) {
    const repository = yield* repositoryIn(tx, ref);
    const layerDigests = yield* requireLayers(tx, repository, ref, manifest, untrusted);
    const childDigests = yield* requireChildren(tx, repository, ref, manifest, pushed.sparse ?? false);
    const existing = yield* tx.images.findByDigest(repository.id, digest);
    const newTags = yield* selectNewTags(tx, repository, existing, pushed.tags);
    if (existing === undefined) {
      const hasRoom = yield* ecr.imageQuota.hasRoom(repository.id, () => tx.images.count(repository.id));
      if (!hasRoom) throw tooManyImages(ref, ecr.imageQuota.limit);
    }
    yield* requireRoomForTags(tx, ref, existing, newTags);
    const image =
      existing ??
      (yield* tx.images.add({
        repositoryId: repository.id,
        digest,
        mediaType: manifest.mediaType,
        artifactMediaType: manifest.artifactMediaType,
        artifactType: manifest.artifactType,
        manifest: pushed.manifest,
        imageSize:
          manifest.kind === 'index'
            ? yield* tx.images.largest(repository.id, childDigests)
            : imageSizeOf(layerDescriptors(manifest)),
        subjectDigest: manifest.subject?.digest,
        pushedAt: now,
        lastPulledAt: undefined,
        layerDigests,
        childDigests,
      }));
    for (const tag of newTags) {
      yield* tx.tags.put({ repositoryId: repository.id, tag, imageId: image.id, updatedAt: now });
    }
    return { image, created: existing === undefined, tagsChanged: newTags.length > 0 };
  });
  if (result.created) ecr.imageQuota.added(result.image.repositoryId);
  return { ...result, subjectDigest: manifest.subject?.digest };
}

/** Layers whose bytes have been hashed this recently need no look: they were just uploaded. */
const trustedForMs = 60_000;

/** Locations of layers whose bytes turn out to be bad: they count as missing, so that the client uploads them again. */
async function findUntrustedLayers(
  ecr: EcrService,
  ref: RepositoryRef,
  manifest: ParsedManifest,
): Promise<ReadonlySet<string>> {
  const digests = distinctDigests(layerDescriptors(manifest));
  if (digests.length === 0) return new Set();
  const repository = await findRepository(ecr, ref);
  const layers = await ecr.metadata.read((tx) => tx.layers.findMany(repository.id, digests));
  const verifiedSince = ecr.clock.now() - trustedForMs;
  const untrusted = new Set<string>();
  const doubtful = layers.filter(({ blob }) => !blob.damaged && blob.verifiedAt < verifiedSince);
  await Promise.all(
    doubtful.map(async (layer) => {
      if ((await trustLayer(ecr, layer)) === undefined) untrusted.add(layer.blob.location);
    }),
  );
  return untrusted;
}

/** Answers the digests that the image keeps. */
function* requireLayers(
  tx: MetadataTx,
  repository: RepositoryRecord,
  ref: RepositoryRef,
  manifest: ParsedManifest,
  untrusted: ReadonlySet<string>,
): Work<readonly string[]> {
  const descriptors = layerDescriptors(manifest);
  if (descriptors.length === 0) return [];
  const layers = yield* tx.layers.findMany(repository.id, distinctDigests(descriptors));
  const whole = layers.filter(({ blob }) => !blob.damaged && !untrusted.has(blob.location));
  const stored = new Map<string, StoredLayer>(whole.map((layer) => [layer.digest, layer]));
  const { missing, wrongSize, kept } = checkLayers(descriptors, stored);
  if (missing.length > 0) throw layersNotFound(missing, ref);
  const wrong = wrongSize[0];
  if (wrong !== undefined) {
    const actual = stored.get(wrong.digest)?.blob.size;
    throw invalidImageManifest(`The size of ${wrong.digest} is ${wrong.size} but the stored layer has ${actual} bytes`);
  }
  return kept;
}

/** Answers the digests of the manifests that an index lists. */
function* requireChildren(
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

/** The tags that do not name this image yet. A tag that names it already is no change, whatever the mutability. */
function* selectNewTags(
  tx: MetadataTx,
  repository: RepositoryRecord,
  existing: ImageRecord | undefined,
  tags: readonly string[],
): Work<string[]> {
  const selected: string[] = [];
  for (const tag of new Set(tags)) {
    const present = yield* tx.tags.find(repository.id, tag);
    if (present !== undefined && present.imageId === existing?.id) continue;
    if (present !== undefined && !mayMoveTag(repository, tag)) throw imageTagAlreadyExists(tag, repository.name);
    selected.push(tag);
  }
  return selected;
}

function* requireRoomForTags(
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
