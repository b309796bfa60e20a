/** Deletes what a tag or digest names, as the registry protocol's DELETE of a manifest asks. */
import type { EcrService } from '../ecr-service.ts';
import { repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { deleteImages } from './delete-images.ts';
import type { ImageReference } from './find-image.ts';

/** `referenced` says which indexes need the image. */
export type DeletedReference = 'deleted' | 'absent' | { readonly referenced: string };

/**
 * As BatchDeleteImage does it, the last tag taking the image with it, but for one thing: the last tag of an image that an index lists
 * is taken away, as the distribution specification asks, where ECR refuses. Throws RepositoryNotFound.
 */
export async function deleteReference(
  ecr: EcrService,
  ref: RepositoryRef,
  reference: ImageReference,
): Promise<DeletedReference> {
  const id = 'tag' in reference ? { imageTag: reference.tag } : { imageDigest: reference.digest };
  const { failures } = await deleteImages(ecr, ref, [id]);
  const failure = failures[0];
  if (failure === undefined) return 'deleted';
  if (failure.failureCode !== 'ImageReferencedByManifestList') return 'absent';
  if ('tag' in reference) return takeTag(ecr, ref, reference.tag);
  return { referenced: failure.failureReason ?? '' };
}

function takeTag(ecr: EcrService, ref: RepositoryRef, tag: string): Promise<'deleted' | 'absent'> {
  return ecr.metadata.write(function* (tx) {
    const repository = yield* repositoryIn(tx, ref);
    if ((yield* tx.tags.find(repository.id, tag)) === undefined) return 'absent';
    yield* tx.tags.delete(repository.id, tag);
    return 'deleted';
  });
}
