/**
 * BatchGetImage. `acceptedMediaTypes` asks ECR to convert between Docker's and OCI's manifests; Longshore converts nothing and gives what was
 * pushed, whose digest is the one that was asked for.
 */
import type {
  BatchGetImageRequest,
  BatchGetImageResponse,
  Image,
  ImageFailure,
  ImageIdentifier,
} from '@aws-sdk/client-ecr';
import { Fault } from '../../../fault.ts';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import type { EcrService } from '../../ecr-service.ts';
import { limits } from '../../limits.ts';
import { findRepository } from '../../repositories/find-repository.ts';
import type { RepositoryRef } from '../../repositories/repository-ref.ts';
import { findImage } from '../find-image.ts';
import type { FoundImage } from '../found-image.ts';
import { distinctIds, findIdFlaw, imageFailure } from '../image-id.ts';

export const batchGetImage = operation<
  Given<BatchGetImageRequest, 'repositoryName' | 'imageIds'>,
  BatchGetImageResponse
>({
  name: 'BatchGetImage',
  action: 'ecr:BatchGetImage',
  resource: repositoryResource,
  async handle(context, input) {
    const { ecr } = context;
    const ref = calledRepository(context, input);
    await findRepository(ecr, ref);
    const images: Image[] = [];
    const failures: ImageFailure[] = [];
    let bytes = 0;
    for (const id of distinctIds(input.imageIds)) {
      const found = findIdFlaw(id) ?? (await find(ecr, ref, id));
      if (typeof found === 'string') {
        failures.push(imageFailure(id, found));
        continue;
      }
      bytes += found.manifest.byteLength;
      if (bytes > limits.manifestBytesPerAnswer) throw answerTooLarge();
      ecr.pullTimes.record(found.id);
      images.push(imageShape(ref, id, found));
    }
    return { images, failures };
  },
});

async function find(
  ecr: EcrService,
  ref: RepositoryRef,
  { imageDigest, imageTag }: ImageIdentifier,
): Promise<FoundImage | 'ImageNotFound' | 'ImageTagDoesNotMatchDigest'> {
  const image = await findImage(ecr, ref, imageTag === undefined ? { digest: imageDigest! } : { tag: imageTag });
  if (image === undefined) return 'ImageNotFound';
  if (imageDigest === undefined || imageDigest === image.digest) return image;
  const named = await findImage(ecr, ref, { digest: imageDigest });
  return named === undefined ? 'ImageNotFound' : 'ImageTagDoesNotMatchDigest';
}

/** The tag is there when it was asked for, and only then. */
function imageShape(ref: RepositoryRef, { imageTag }: ImageIdentifier, image: FoundImage): Image {
  return {
    registryId: ref.accountId,
    repositoryName: ref.name,
    imageId: { imageDigest: image.digest, ...(imageTag !== undefined && { imageTag }) },
    imageManifest: image.manifest.toString('utf8'),
    imageManifestMediaType: image.mediaType,
  };
}

const answerTooLarge = () =>
  new Fault(
    'LimitExceededException',
    `The manifests are together larger than the maximum of ${limits.manifestBytesPerAnswer} bytes. Ask for fewer images at a time.`,
  );
