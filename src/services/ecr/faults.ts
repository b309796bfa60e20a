/**
 * Every error of ECR's model that we answer, each made in one place with AWS's text (behaviour page, section 2). Texts that
 * nobody has captured are plain sentences of ours: clients match the code alone.
 */
import { Fault } from '../fault.ts';
import type { RepositoryRef } from './repositories/repository-ref.ts';

/** An image as a request names it; the absent half prints as the word null. */
export interface ImageIdText {
  readonly imageDigest?: string | undefined;
  readonly imageTag?: string | undefined;
}

export const invalidParameter = (field: string, constraint: string) =>
  new Fault(
    'InvalidParameterException',
    `Invalid parameter at '${field}' failed to satisfy constraint: '${constraint}'`,
  );

export const invalidImageManifest = (reason: string) => invalidParameter('ImageManifest', reason);

/** What the registry answers to a manifest of a type ECR does not keep. */
export const unsupportedManifestType = (mediaType: string) =>
  new Fault('InvalidParameterException', `Unsupported manifest type: "${mediaType}"`);

export const repositoryNotFound = (name: string, accountId: string) =>
  new Fault(
    'RepositoryNotFoundException',
    `The repository with name '${name}' does not exist in the registry with id '${accountId}'`,
  );

export const repositoryAlreadyExists = (name: string, accountId: string) =>
  new Fault(
    'RepositoryAlreadyExistsException',
    `The repository with name '${name}' already exists in the registry with id '${accountId}'`,
  );

export const repositoryNotEmpty = (name: string, accountId: string) =>
  new Fault(
    'RepositoryNotEmptyException',
    `The repository with name '${name}' in registry with id '${accountId}' cannot be deleted because it still contains images`,
  );

export const tooManyRepositories = (name: string, limit: number) =>
  new Fault(
    'LimitExceededException',
    `The repository with name '${name}' cannot be created because it exceeds the maximum allowed number of repositories which is '${limit}'`,
  );

export const kmsKeysNotSupported = (encryptionType: string) =>
  new Fault(
    'KmsException',
    `Encryption type '${encryptionType}' needs AWS KMS keys, which this registry does not have yet. Use AES256.`,
    { kmsError: 'UnsupportedOperationException' },
  );

export const invalidTagParameter = (message: string) => new Fault('InvalidTagParameterException', message);

export const tooManyTags = (limit: number) =>
  new Fault('TooManyTagsException', `A repository can have at most ${limit} tags.`);

export const imageNotFound = (id: ImageIdText, ref: RepositoryRef) =>
  new Fault(
    'ImageNotFoundException',
    `The image with imageId {imageDigest:'${id.imageDigest ?? 'null'}', imageTag:'${id.imageTag ?? 'null'}'} does not exist within the repository with name '${ref.name}' in the registry with id '${ref.accountId}'`,
  );

export const imageAlreadyExists = (digest: string, tag: string | undefined, ref: RepositoryRef) =>
  new Fault(
    'ImageAlreadyExistsException',
    `Image with digest '${digest}' and tag '${tag ?? 'null'}' already exists in the repository with name '${ref.name}' in registry with id '${ref.accountId}'`,
  );

export const imageTagAlreadyExists = (tag: string, repositoryName: string) =>
  new Fault(
    'ImageTagAlreadyExistsException',
    `The image tag '${tag}' already exists in the '${repositoryName}' repository and cannot be overwritten because the tag is immutable.`,
  );

export const imageDigestDoesNotMatch = (digest: string, ref: RepositoryRef) =>
  new Fault(
    'ImageDigestDoesNotMatchException',
    `The image with digest '${digest}' in repository '${ref.name}' and registry ID '${ref.accountId}' does not match the image digest that Amazon ECR has calculated.`,
  );

export const tooManyTagsOnImage = (tag: string, ref: RepositoryRef, limit: number) =>
  new Fault(
    'LimitExceededException',
    `Adding tag '${tag}' to an image in the repository with name '${ref.name}' in registry with id '${ref.accountId}' exceeds the maximum allowed number of tags per image which is '${limit}'`,
  );

export const tooManyImages = (ref: RepositoryRef, limit: number) =>
  new Fault(
    'LimitExceededException',
    `Adding an image to the repository with name '${ref.name}' in registry with id '${ref.accountId}' exceeds the maximum allowed number of images per repository which is '${limit}'`,
  );

const required = (what: string, digests: readonly string[], ref: RepositoryRef) =>
  `${what} with digests '[${digests.join(', ')}]' required for pushing image into repository with name '${ref.name}' in the registry with id '${ref.accountId}' do not exist`;

export const layersNotFound = (digests: readonly string[], ref: RepositoryRef) =>
  new Fault('LayersNotFoundException', required('Layers', digests, ref));

export const referencedImagesNotFound = (digests: readonly string[], ref: RepositoryRef) =>
  new Fault('ReferencedImagesNotFoundException', required('Images', digests, ref));

/** GetDownloadUrlForLayer of a digest that the repository does not show. */
export const layerNotFound = (digest: string, ref: RepositoryRef) =>
  new Fault(
    'LayersNotFoundException',
    `The layer with digest '${digest}' does not exist in the repository with name '${ref.name}' in the registry with id '${ref.accountId}'`,
  );

export const layerInaccessible = (digest: string, ref: RepositoryRef) =>
  new Fault(
    'LayerInaccessibleException',
    `The layer with digest '${digest}' is not part of an image in the repository with name '${ref.name}' in the registry with id '${ref.accountId}'`,
  );

export const uploadNotFound = (uploadId: string, ref: RepositoryRef) =>
  new Fault(
    'UploadNotFoundException',
    `The upload with id '${uploadId}' does not exist in the repository with name '${ref.name}' in the registry with id '${ref.accountId}'`,
  );

export const emptyUpload = (uploadId: string) =>
  new Fault('EmptyUploadException', `The upload with id '${uploadId}' does not contain any layer parts`);

/** `lastByteReceived` is -1, and then left out, when nothing has been received. */
export function invalidLayerPart(
  message: string,
  ref: RepositoryRef,
  uploadId: string,
  lastByteReceived: number,
): Fault {
  return new Fault('InvalidLayerPartException', message, {
    registryId: ref.accountId,
    repositoryName: ref.name,
    uploadId,
    ...(lastByteReceived >= 0 && { lastValidByteReceived: lastByteReceived }),
  });
}

export const layerPartTooSmall = () =>
  new Fault('LayerPartTooSmallException', 'All layer parts except the last part should be at least 5MB');

export const tooManyLayerParts = (uploadId: string, limit: number) =>
  new Fault(
    'LimitExceededException',
    `The upload with id '${uploadId}' exceeds the maximum allowed number of layer parts which is '${limit}'`,
  );

export const layerTooLarge = (limit: number) =>
  new Fault('LimitExceededException', `The layer exceeds the maximum allowed layer size which is '${limit}' bytes`);

export const invalidLayer = (digest: string) =>
  new Fault('InvalidLayerException', `Invalid layer digest '${digest}': it does not match the uploaded layer`);

export const layerAlreadyExists = (digest: string, ref: RepositoryRef) =>
  new Fault(
    'LayerAlreadyExistsException',
    `Image layer '${digest}' already exists in the repository with name '${ref.name}' in the registry with id '${ref.accountId}'`,
  );

/** The database or the blob store cannot be reached for now: 503, and clients try again. */
export const serviceUnavailable = () =>
  new Fault('ServiceUnavailable', 'The service is temporarily unavailable. Please try again.');

/** There is no room left for what was sent: 507; nothing of it was kept. */
export const storageFull = () =>
  new Fault('InsufficientStorage', 'There is not enough storage left to keep what was sent. Nothing was changed.');
