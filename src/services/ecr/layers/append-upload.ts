/** Adds bytes to an upload. What is acknowledged here is durable: bytes first, then the row that counts them. */
import type { Readable } from 'node:stream';
import { UploadLost, UploadTooLarge } from '../../../ports/blob-store.ts';
import type { UploadRecord } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';
import { invalidLayerPart, layerTooLarge, uploadNotFound } from '../faults.ts';
import { limits } from '../limits.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { findUpload } from './find-upload.ts';
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
  const appended = await ecr.uploadTurns.tryAlone(uploadId, async () => {
    const upload = await findUpload(ecr, ref, uploadId);
    const parts = options.part?.(upload) ?? upload;
    const received = await receiveBytes(ecr, ref, upload, source, options.expectedOffset);
    return { upload: await recordProgress(ecr, ref, upload, received.offset, parts), complete: received.complete };
  });
  if (appended !== 'busy') return appended;
  const { offset } = await findUpload(ecr, ref, uploadId);
  throw invalidLayerPart('Another request is uploading to this layer', ref, uploadId, offset - 1);
}

/**
 * Writes the bytes behind what the upload has, without counting them yet. The caller holds the upload's turn. Throws as
 * appendUpload does.
 */
export async function receiveBytes(
  ecr: EcrService,
  ref: RepositoryRef,
  upload: UploadRecord,
  source: Readable,
  expectedOffset: number | undefined,
): Promise<{ offset: number; complete: boolean }> {
  if (expectedOffset !== undefined && expectedOffset !== upload.offset) {
    const message = `First byte of the layer part is ${expectedOffset} instead of ${upload.offset}`;
    throw invalidLayerPart(message, ref, upload.id, upload.offset - 1);
  }
  try {
    return await ecr.blobs.append(upload.objectKey, upload.offset, source, {
      algorithm: upload.digestAlgorithm,
      limit: limits.layerBytes,
    });
  } catch (error) {
    if (error instanceof UploadTooLarge) throw layerTooLarge(limits.layerBytes);
    if (error instanceof UploadLost) throw await forgetLostUpload(ecr, ref, upload.id);
    throw error;
  }
}

async function recordProgress(
  ecr: EcrService,
  ref: RepositoryRef,
  upload: UploadRecord,
  offset: number,
  { parts, lastPartSize, shortPartFollowed }: PartProgress,
): Promise<UploadRecord> {
  const progress = { offset, parts, lastPartSize, shortPartFollowed, updatedAt: ecr.clock.now() };
  const advanced = await ecr.metadata.write((tx) => tx.uploads.advance(upload.id, upload.offset, progress));
  // Cancelled, expired, or its repository deleted while the bytes came.
  if (!advanced) throw uploadNotFound(upload.id, ref);
  return { ...upload, ...progress };
}

/** An upload whose bytes are gone can never be finished: the client must begin anew. Answers the fault to throw. */
export async function forgetLostUpload(ecr: EcrService, ref: RepositoryRef, uploadId: string): Promise<Error> {
  await ecr.metadata.write((tx) => tx.uploads.delete(uploadId));
  return uploadNotFound(uploadId, ref);
}
