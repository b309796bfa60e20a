/** What BatchCheckLayerAvailability finds wrong with a digest by itself. Pure. */
import type { LayerFailure } from '@aws-sdk/client-ecr';

/** ECR's pattern: wider than what can exist, so that an odd digest is "not there" and only a broken one is a failure. */
const layerDigestPattern = /^[a-zA-Z0-9\-_+.]+:[a-fA-F0-9]+$/;

export function findLayerDigestFlaw(digest: string): Pick<LayerFailure, 'failureCode' | 'failureReason'> | undefined {
  if (digest === '') {
    return { failureCode: 'MissingLayerDigest', failureReason: 'Invalid request parameters: layer digest is missing' };
  }
  if (layerDigestPattern.test(digest)) return undefined;
  return {
    failureCode: 'InvalidLayerDigest',
    failureReason: "Invalid request parameters: layer digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
  };
}
