/** PutImage. */
import type { PutImageRequest, PutImageResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { imageAlreadyExists, invalidImageManifest } from '../../faults.ts';
import { pushImage } from '../push-image.ts';

export const putImage = operation<Given<PutImageRequest, 'repositoryName' | 'imageManifest'>, PutImageResponse>({
  name: 'PutImage',
  action: 'ecr:PutImage',
  resource: repositoryResource,
  async handle(context, input) {
    const ref = calledRepository(context, input);
    const { imageManifest, imageManifestMediaType, imageTag, imageDigest } = input;
    // Half a surrogate pair has no bytes: the digest would be of something else than what was sent.
    if (!imageManifest.isWellFormed()) throw invalidImageManifest('Invalid JSON syntax');
    const { image, created, tagsChanged } = await pushImage(context.ecr, ref, {
      manifest: Buffer.from(imageManifest),
      mediaType: imageManifestMediaType,
      tags: imageTag === undefined ? [] : [imageTag],
      digest: imageDigest,
    });
    if (!created && !tagsChanged) throw imageAlreadyExists(image.digest, imageTag, ref);
    return {
      image: {
        registryId: ref.accountId,
        repositoryName: ref.name,
        imageId: { imageDigest: image.digest, ...(imageTag !== undefined && { imageTag }) },
        imageManifest,
        imageManifestMediaType: imageManifestMediaType ?? image.mediaType,
      },
    };
  },
});
