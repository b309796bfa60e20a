/** Ends uploads that nobody has worked on for long, in slices. */
import type { EcrService } from '../ecr-service.ts';

export interface ExpiredSlice {
  readonly uploads: number;
  readonly more: boolean;
}

const sliceSize = 100;

/** One slice. An upload that a request works on, here or on another node, is spared, however long it takes. */
export async function expireUploads(ecr: EcrService): Promise<ExpiredSlice> {
  const now = ecr.clock.now();
  const updatedBefore = now - ecr.settings.uploadExpiryMs;
  const abandoned = await ecr.metadata.read((tx) => tx.uploads.listAbandoned({ updatedBefore, now, limit: sliceSize }));
  let uploads = 0;
  for (const upload of abandoned) {
    const outcome = await ecr.uploadTurns.tryAlone(upload.id, () => expire(ecr, upload.id, { updatedBefore, now }));
    if (outcome === true) uploads += 1;
  }
  // When all of a slice are being worked on, the next slice would find the same ones.
  return { uploads, more: uploads > 0 && abandoned.length === sliceSize };
}

async function expire(
  ecr: EcrService,
  id: string,
  { updatedBefore, now }: { readonly updatedBefore: number; readonly now: number },
): Promise<boolean> {
  const expired = await ecr.metadata.write(function* (tx) {
    const present = yield* tx.uploads.find(id);
    if (present === undefined || present.updatedAt >= updatedBefore || present.heldUntil > now) return undefined;
    yield* tx.uploads.delete(id);
    return present;
  });
  if (expired !== undefined) await ecr.blobs.abort({ key: expired.objectKey, state: expired.state });
  return expired !== undefined;
}
