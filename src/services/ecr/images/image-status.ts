/** The storage class of images. Archiving is not built, so every image is ACTIVE. */
import type { ImageStatusFilter } from '@aws-sdk/client-ecr';

export function showsActiveImages(filter: ImageStatusFilter): boolean {
  return filter === 'ACTIVE' || filter === 'ANY';
}
