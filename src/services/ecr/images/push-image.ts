/**
 * Puts an image into a repository: manifest, edges and tags in one transaction, or nothing. Both edges push through here; what is
 * an error to one and a success to the other ("nothing changed") is said in the answer.
 */
import { digestOf, parseDigest } from '../../../lib/oci/digest.ts';
import type { MetadataTx } from '../../../ports/metadata.ts';
import type { ImageRecord, RepositoryRecord, StoredLayer } from '../../../ports/records.ts';
import type { Work } from '../../../ports/work.ts';
import type { EcrService } from '../ecr-service.ts';
import { imageDigestDoesNotMatch, imageTagAlreadyExists } from '../faults.ts';
import { trustLayer } from '../layers/layer-health.ts';
import { repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { mayMoveTag } from '../repositories/tag-mutability.ts';
import {
  type LayerLooks,
  type LayersInDoubt,
  requireChildren,
  requireLayers,
  requireRoomForImage,
  requireRoomForTags,
} from './image-requirements.ts';
import { readManifest } from './manifest-fault.ts';
import { imageSizeOf, layerDescriptors } from './required-layers.ts';

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
  const now = ecr.clock.now();
  const looks: LayerLooks = { good: new Set(), bad: new Set(), trustedSince: now - trustedForMs };

  for (;;) {
    const result = await ecr.metadata.write(function* (tx): Work<PushedImage | LayersInDoubt> {
      const repository = yield* repositoryIn(tx, ref);
      const layers = yield* requireLayers(tx, repository, ref, manifest, looks);
      if ('inDoubt' in layers) return layers;
      const childDigests = yield* requireChildren(tx, repository, ref, manifest, pushed.sparse ?? false);
      const existing = yield* tx.images.findByDigest(repository.id, digest);
      const newTags = yield* selectNewTags(tx, repository, existing, pushed.tags);
      if (existing === undefined) yield* requireRoomForImage(ecr, tx, repository, ref);
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
          layerDigests: layers.kept,
          childDigests,
        }));
      for (const tag of newTags) {
        yield* tx.tags.put({ repositoryId: repository.id, tag, imageId: image.id, updatedAt: now });
      }
      const subjectDigest = manifest.subject?.digest;
      return { image, created: existing === undefined, tagsChanged: newTags.length > 0, subjectDigest };
    });
    if (!('inDoubt' in result)) {
      if (result.created) ecr.imageQuota.added(result.image.repositoryId);
      return result;
    }
    await lookAt(ecr, result.inDoubt, looks);
  }
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

/** Layers whose bytes have been hashed this recently need no look: they were just uploaded. */
const trustedForMs = 60_000;

async function lookAt(ecr: EcrService, layers: readonly StoredLayer[], looks: LayerLooks): Promise<void> {
  await Promise.all(
    layers.map(async (layer) => {
      const { good, bad } = looks;
      ((await trustLayer(ecr, layer)) === undefined ? bad : good).add(layer.blob.location);
    }),
  );
}
