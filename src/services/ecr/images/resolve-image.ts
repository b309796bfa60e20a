/** From an id of the API to the image it names, as part of a unit of work. */
import type { ImageIdentifier } from '@aws-sdk/client-ecr';
import type { MetadataTx } from '../../../ports/metadata.ts';
import type { ImageRecord } from '../../../ports/records.ts';
import type { Work } from '../../../ports/work.ts';

export type Resolved = { readonly image: ImageRecord } | 'ImageNotFound' | 'ImageTagDoesNotMatchDigest';

/** The id must have passed findIdFlaw. */
export function* resolveImage(tx: MetadataTx, repositoryId: number, id: ImageIdentifier): Work<Resolved> {
  const image =
    id.imageTag === undefined
      ? yield* tx.images.findByDigest(repositoryId, id.imageDigest ?? '')
      : yield* tx.images.findByTag(repositoryId, id.imageTag);
  if (image === undefined) return 'ImageNotFound';
  if (id.imageDigest === undefined || id.imageDigest === image.digest) return { image };
  const named = yield* tx.images.findByDigest(repositoryId, id.imageDigest);
  return named === undefined ? 'ImageNotFound' : 'ImageTagDoesNotMatchDigest';
}
