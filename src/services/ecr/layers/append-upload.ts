/** Adds bytes to an upload. What is acknowledged here is durable: bytes first, then the row that counts them. */
import type { Readable } from 'node:stream';
import { type AppendResult, UploadLost, UploadTooLarge } from '../../../ports/blob-store.ts';
import type { UploadRecord } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';
import { invalidLayerPart, layerTooLarge } from '../faults.ts';
import { limits } from '../limits.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { claimMs, explainLoss, forgetLostUpload, tryHoldUpload } from './hold-upload.ts';
import type { PartProgress } from './part-rules.ts';

export interface AppendOptions {
  /** Where the sender believes the upload stands; left out, the bytes are added to whatever is there. */
  readonly expectedOffset?: number | undefined;
  /** Looks at the upload before a byte is read; throws a Fault to refuse, answers what to remember of parts. */
  readonly part?: (upload: UploadRecord) => PartProgress;
}

export interface Appended {
  readonly upload: UploadRecord;
  /** False when the sender broke off; what came is kept all the same. */
  readonly complete: boolean;
}

/**
 * How long bytes wait for a request on another node: longer than its claim lasts should that node be dead. A client whose connection broke comes
 * again at once, and what it would be told otherwise (400, as of ECR) no SDK tries again.
 */
const patienceMs = claimMs + 5_000;

/**
 * Throws RepositoryNotFound, UploadNotFound, InvalidLayerPart (another request is writing, or the upload stands elsewhere than
 * expected) and LimitExceeded (layer too large). `source` may be left unread when it throws.
 */
export async function appendUpload(
  ecr: EcrService,
  ref: RepositoryRef,
  uploadId: string,
  source: Readable,
  options: AppendOptions = {},
): Promise<Appended> {
  return tryHoldUpload(ecr, ref, uploadId, patienceMs, async (upload) => {
    const parts = options.part?.(upload) ?? upload;
    const received = await receiveBytes(ecr, ref, upload, source, options.expectedOffset);
    return { upload: await recordProgress(ecr, ref, upload, received, parts), complete: received.complete };
  });
}

/**
 * Writes the bytes behind what the upload has, without counting them yet. The caller holds the upload. Throws as
 * appendUpload does.
 */
export async function receiveBytes(
  ecr: EcrService,
  ref: RepositoryRef,
  upload: UploadRecord,
  source: Readable,
  expectedOffset: number | undefined,
): Promise<AppendResult> {
  if (expectedOffset !== undefined && expectedOffset !== upload.offset) {
    const message = `First byte of the layer part is ${expectedOffset} instead of ${upload.offset}`;
    throw invalidLayerPart(message, ref, upload.id, upload.offset - 1);
  }
  try {
    const { objectKey: key, state, offset } = upload;
    return await ecr.blobs.append({ key, state }, offset, source, {
      algorithm: upload.digestAlgorithm,
      limit: limits.layerBytes,
    });
  } catch (error) {
    if (error instanceof UploadTooLarge) throw layerTooLarge(limits.layerBytes);
    if (error instanceof UploadLost) throw await forgetLostUpload(ecr, ref, upload);
    throw error;
  }
}

async function recordProgress(
  ecr: EcrService,
  ref: RepositoryRef,
  upload: UploadRecord,
  { offset, state }: AppendResult,
  { parts, lastPartSize, shortPartFollowed }: PartProgress,
): Promise<UploadRecord> {
  const progress = { offset, state, parts, lastPartSize, shortPartFollowed, updatedAt: ecr.clock.now() };
  const advanced = await ecr.metadata.write((tx) => tx.uploads.advance(upload.id, upload, progress));
  if (!advanced) throw await explainLoss(ecr, ref, upload);
  return { ...upload, ...progress };
}
