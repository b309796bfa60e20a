/** Ends uploads that nobody has worked on for long, in slices. */
import type { UploadRecord } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';

export interface ExpiredSlice {
  readonly uploads: number;
  readonly more: boolean;
}

const sliceSize = 100;

/** One slice. An upload that a request of this process works on is spared, however long it takes. */
export async function expireUploads(ecr: EcrService): Promise<ExpiredSlice> {
  const updatedBefore = ecr.clock.now() - ecr.settings.uploadExpiryMs;
  const abandoned = await ecr.metadata.read((tx) => tx.uploads.listAbandoned({ updatedBefore, limit: sliceSize }));
  let uploads = 0;
  for (const upload of abandoned) {
    const outcome = await ecr.uploadTurns.tryAlone(upload.id, () => expire(ecr, upload, updatedBefore));
    if (outcome === true) uploads += 1;
  }
  // When all of a slice are being worked on, the next slice would find the same ones.
  return { uploads, more: uploads > 0 && abandoned.length === sliceSize };
}

async function expire(ecr: EcrService, { id, objectKey }: UploadRecord, updatedBefore: number): Promise<boolean> {
  const deleted = await ecr.metadata.write(function* (tx) {
    const present = yield* tx.uploads.find(id);
    if (present === undefined || present.updatedAt >= updatedBefore) return false;
    return yield* tx.uploads.delete(id);
  });
  if (deleted) await ecr.blobs.abort(objectKey);
  return deleted;
}
