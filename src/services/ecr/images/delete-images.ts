/** Deletes images and tags as BatchDeleteImage does; the registry edge's DELETE of a manifest is a batch of one. */
import type { ImageFailure, ImageIdentifier } from '@aws-sdk/client-ecr';
import type { MetadataTx } from '../../../ports/metadata.ts';
import type { ImageRecord, RepositoryRecord } from '../../../ports/records.ts';
import type { Work } from '../../../ports/work.ts';
import type { EcrService } from '../ecr-service.ts';
import { repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { distinctIds, findIdFlaw, imageFailure, referencedFailure } from './image-id.ts';
import { resolveImage } from './resolve-image.ts';
import { type DeletionCandidate, type DeletionRequest, selectDeletions } from './select-deletions.ts';

export interface DeletedImages {
  /** Every pair of digest and tag that is gone; an untagged image has no tag. */
  readonly imageIds: readonly ImageIdentifier[];
  readonly failures: readonly ImageFailure[];
}

/** All that can be deleted is deleted, in one transaction; the rest is told in `failures`. Throws RepositoryNotFound. */
export function deleteImages(
  ecr: EcrService,
  ref: RepositoryRef,
  ids: readonly ImageIdentifier[],
): Promise<DeletedImages> {
  const now = ecr.clock.now();
  return ecr.metadata.write(function* (tx) {
    const repository = yield* repositoryIn(tx, ref);
    const failures: ImageFailure[] = [];
    const asked: { id: ImageIdentifier; request: DeletionRequest }[] = [];
    const images = new Map<string, ImageRecord>();
    for (const id of distinctIds(ids)) {
      const flaw = findIdFlaw(id);
      const resolved = flaw ?? (yield* resolveImage(tx, repository.id, id));
      if (typeof resolved === 'string') {
        failures.push(imageFailure(id, resolved));
        continue;
      }
      const { image } = resolved;
      images.set(image.digest, image);
      asked.push({ id, request: { digest: image.digest, tag: id.imageTag, whole: id.imageDigest !== undefined } });
    }
    const deletions = selectDeletions(
      asked.map(({ request }) => request),
      yield* candidatesOf(tx, repository, images),
    );
    for (const { tag } of deletions.tags) yield* tx.tags.delete(repository.id, tag);
    for (const digest of deletions.images) yield* tx.images.delete(images.get(digest)!.id, now);
    asked.forEach(({ id }, index) => {
      const parents = deletions.protectedBy[index];
      if (parents !== undefined) failures.push(referencedFailure(id, parents));
    });
    return {
      imageIds: deletions.removed.map(({ digest, tag }) => ({
        imageDigest: digest,
        ...(tag !== undefined && { imageTag: tag }),
      })),
      failures,
    };
  });
}

function* candidatesOf(
  tx: MetadataTx,
  repository: RepositoryRecord,
  images: ReadonlyMap<string, ImageRecord>,
): Work<Map<string, DeletionCandidate>> {
  const candidates = new Map<string, DeletionCandidate>();
  for (const [digest, { id }] of images) {
    const tags = yield* tx.tags.ofImage(id);
    const parents = yield* tx.images.parents(repository.id, digest);
    candidates.set(digest, { digest, tags, parents });
  }
  return candidates;
}
