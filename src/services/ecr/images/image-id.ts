/** How the API names images: by tag, by digest, or by both. Pure. */
import type { ImageFailure, ImageIdentifier } from '@aws-sdk/client-ecr';

/** ECR's pattern of a digest: wider than what can exist, so that an odd one is "not found" and only a broken one is "invalid". */
const digestPattern = /^[a-zA-Z0-9\-_+.]+:[a-fA-F0-9]+$/;

export type FailureCode = Extract<
  ImageFailure['failureCode'],
  | 'ImageNotFound'
  | 'ImageReferencedByManifestList'
  | 'ImageTagDoesNotMatchDigest'
  | 'InvalidImageDigest'
  | 'MissingDigestAndTag'
>;

const reasons: Readonly<Record<Exclude<FailureCode, 'ImageReferencedByManifestList'>, string>> = {
  ImageNotFound: 'Requested image not found',
  ImageTagDoesNotMatchDigest: 'Invalid request parameters: image tag does not match image digest',
  InvalidImageDigest:
    "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
  MissingDigestAndTag: 'Invalid request parameters: both tag and digest cannot be null',
};

/** The failure of one image of a batch; echoes exactly the halves that were asked for. */
export function imageFailure(
  id: ImageIdentifier,
  failureCode: Exclude<FailureCode, 'ImageReferencedByManifestList'>,
): ImageFailure {
  return { imageId: askedId(id), failureCode, failureReason: reasons[failureCode] };
}

export function referencedFailure(id: ImageIdentifier, parents: readonly string[]): ImageFailure {
  return {
    imageId: askedId(id),
    failureCode: 'ImageReferencedByManifestList',
    failureReason: `Requested image referenced by manifest list: [${parents.join(', ')}]`,
  };
}

export function askedId({ imageDigest, imageTag }: ImageIdentifier): ImageIdentifier {
  return { ...(imageDigest !== undefined && { imageDigest }), ...(imageTag !== undefined && { imageTag }) };
}

/** What is wrong with an id by itself, before anything is looked up. */
export function findIdFlaw({
  imageDigest,
  imageTag,
}: ImageIdentifier): 'InvalidImageDigest' | 'MissingDigestAndTag' | undefined {
  if (imageDigest === undefined && imageTag === undefined) return 'MissingDigestAndTag';
  if (imageDigest !== undefined && !digestPattern.test(imageDigest)) return 'InvalidImageDigest';
  return undefined;
}

/** Each id once, in the order of its first mention. */
export function distinctIds(ids: readonly ImageIdentifier[]): ImageIdentifier[] {
  const seen = new Set<string>();
  return ids.filter(({ imageDigest, imageTag }) => {
    const key = JSON.stringify([imageDigest ?? null, imageTag ?? null]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
