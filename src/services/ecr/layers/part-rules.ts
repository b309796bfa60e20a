/** ECR's rules for the parts of a layer (behaviour page, UploadLayerPart and CompleteLayerUpload). Pure. */
import type { UploadRecord } from '../../../ports/records.ts';

export type PartProgress = Pick<UploadRecord, 'parts' | 'lastPartSize' | 'shortPartFollowed'>;

export interface PartLimits {
  readonly layerParts: number;
  readonly smallestLayerPart: number;
}

/** What is remembered of the parts after one more of `size` bytes. */
export function afterPart(progress: PartProgress, size: number, limits: PartLimits): PartProgress {
  return {
    parts: progress.parts + 1,
    lastPartSize: size,
    shortPartFollowed:
      progress.shortPartFollowed || (progress.parts > 0 && progress.lastPartSize < limits.smallestLayerPart),
  };
}

export function mayTakePart(progress: PartProgress, limits: PartLimits): boolean {
  return progress.parts < limits.layerParts;
}

export type PartsVerdict = 'complete' | 'empty' | 'part-too-small';

/** Whether the parts make a layer. An upload that got its bytes through the registry has no parts and may be of any shape. */
export function judgeParts(upload: PartProgress & Pick<UploadRecord, 'offset'>): PartsVerdict {
  if (upload.parts === 0 && upload.offset === 0) return 'empty';
  return upload.shortPartFollowed ? 'part-too-small' : 'complete';
}

/**
 * What is wrong with a part that claims to hold the bytes first..last (inclusive) of a layer of which `offset` bytes are there;
 * undefined when it fits.
 */
export function findPartFlaw(
  part: { first: number; last: number; length: number },
  offset: number,
): string | undefined {
  if (part.first !== offset) return `First byte of the layer part is ${part.first} instead of ${offset}`;
  const claimed = part.last - part.first + 1;
  if (part.length === 0) return 'The layer part is empty';
  if (claimed !== part.length) return `The layer part has ${part.length} bytes instead of ${claimed}`;
  return undefined;
}
