/** A layer that comes whole in one request with its digest: needs no row of an upload, so one commit instead of three. */
import type { Readable } from 'node:stream';
import { parseDigest } from '../../../lib/oci/digest.ts';
import { DigestMismatch, UploadTooLarge } from '../../../ports/blob-store.ts';
import type { EcrService } from '../ecr-service.ts';
import { invalidLayer, layerTooLarge } from '../faults.ts';
import { limits } from '../limits.ts';
import { findRepository } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { type RecordedLayer, recordLayer } from './record-layer.ts';

/**
 * Throws RepositoryNotFound and InvalidLayer before a byte is read, InvalidLayer (other bytes) and LimitExceeded after. Answers
 * undefined when the sender broke off. Whatever goes wrong, nothing of it stays.
 */
export async function uploadWholeLayer(
  ecr: EcrService,
  ref: RepositoryRef,
  digest: string,
  source: Readable,
): Promise<RecordedLayer | undefined> {
  await findRepository(ecr, ref);
  const parsed = parseDigest(digest);
  if (parsed === undefined) throw invalidLayer(digest);
  const key = ecr.blobs.startUpload();
  ecr.uploadTurns.unrecordedObjects.add(key);
  try {
    const options = { algorithm: parsed.algorithm, limit: limits.layerBytes };
    const received = await ecr.blobs.append(key, 0, source, options);
    if (!received.complete) {
      await ecr.blobs.abort(key);
      return undefined;
    }
    return await recordLayer(ecr, ref, await ecr.blobs.commit(key, { digest, size: received.offset }));
  } catch (error) {
    await ecr.blobs.abort(key).catch(() => undefined);
    if (error instanceof DigestMismatch) throw invalidLayer(digest);
    if (error instanceof UploadTooLarge) throw layerTooLarge(limits.layerBytes);
    throw error;
  } finally {
    ecr.uploadTurns.unrecordedObjects.delete(key);
  }
}
