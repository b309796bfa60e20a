/** PutImage. */
import type { PutImageRequest, PutImageResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { imageAlreadyExists, invalidImageManifest, invalidParameter } from '../../faults.ts';
import { pushImage } from '../push-image.ts';

/** The model allows any 1 to 300 characters; a tag of others than these could be named by no client that pulls. */
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$/;

export const putImage = operation<Given<PutImageRequest, 'repositoryName' | 'imageManifest'>, PutImageResponse>({
  name: 'PutImage',
  action: 'ecr:PutImage',
  resource: repositoryResource,
  async handle(context, input) {
    const ref = calledRepository(context, input);
    const { imageManifest, imageManifestMediaType, imageTag, imageDigest } = input;
    // Half a surrogate pair has no bytes: the digest would be of something else than what was sent.
    if (!imageManifest.isWellFormed()) throw invalidImageManifest('Invalid JSON syntax');
    if (imageTag !== undefined && !tagPattern.test(imageTag)) {
      throw invalidParameter('imageTag', `must satisfy regular expression '${tagPattern.source.slice(1, -1)}'`);
    }
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
