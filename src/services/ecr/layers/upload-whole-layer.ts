/** A layer that comes whole in one request with its digest: needs no row of an upload, so one commit instead of three. */
import type { Readable } from 'node:stream';
import { parseDigest } from '../../../lib/oci/digest.ts';
import { DigestMismatch, type OpenUpload, UploadTooLarge } from '../../../ports/blob-store.ts';
import type { UploadRecord } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';
import { invalidLayer, layerTooLarge } from '../faults.ts';
import { limits } from '../limits.ts';
import { findRepository } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { keepClaim, newClaim } from './hold-upload.ts';
import { type RecordedLayer, recordLayer } from './record-layer.ts';
import { startUpload } from './start-upload.ts';

/**
 * What may come without a row where others serve, too. Their sweeps spare what is younger than an hour, and so few bytes do not take that long; larger
 * ones get a row, whose cost does not count beside theirs.
 */
const unrecordedBytes = 16 * 1024 * 1024;

/**
 * Throws RepositoryNotFound and InvalidLayer before a byte is read, InvalidLayer (other bytes) and LimitExceeded after. Answers
 * undefined when the sender broke off. Whatever goes wrong, nothing of it stays. `announced` is how many bytes the sender says will come.
 */
export async function uploadWholeLayer(
  ecr: EcrService,
  ref: RepositoryRef,
  digest: string,
  source: Readable,
  announced = Number.POSITIVE_INFINITY,
): Promise<RecordedLayer | undefined> {
  await findRepository(ecr, ref);
  const parsed = parseDigest(digest);
  if (parsed === undefined) throw invalidLayer(digest);
  const layer = { digest, algorithm: parsed.algorithm };
  if (ecr.settings.sharedUploads && announced > unrecordedBytes) return receiveRecorded(ecr, ref, layer, source);

  const key = ecr.blobs.startUpload();
  ecr.uploadTurns.unrecordedObjects.add(key);
  try {
    return await receive(ecr, ref, layer, source, { key, state: '' });
  } finally {
    ecr.uploadTurns.unrecordedObjects.delete(key);
  }
}

interface ExpectedLayer {
  readonly digest: string;
  readonly algorithm: 'sha256' | 'sha512';
}

/** With a row of its own, held from the beginning, so that every node knows of the object. */
async function receiveRecorded(
  ecr: EcrService,
  ref: RepositoryRef,
  layer: ExpectedLayer,
  source: Readable,
): Promise<RecordedLayer | undefined> {
  const upload = await startUpload(ecr, ref, { algorithm: layer.algorithm, claim: newClaim(ecr) });
  const begun = { key: upload.objectKey, state: upload.state };
  const end = () => ecr.metadata.write((tx) => tx.uploads.delete(upload.id)).catch(() => undefined);
  return keepClaim(ecr, upload, async () => {
    try {
      const recorded = await receive(ecr, ref, layer, source, begun, upload);
      if (recorded === undefined) await end();
      return recorded;
    } catch (error) {
      // Nobody knows the id of this upload, so nobody can go on with it.
      await end();
      throw error;
    }
  });
}

async function receive(
  ecr: EcrService,
  ref: RepositoryRef,
  { digest, algorithm }: ExpectedLayer,
  source: Readable,
  begun: OpenUpload,
  upload?: UploadRecord,
): Promise<RecordedLayer | undefined> {
  const { key } = begun;
  let reached = begun;
  try {
    const received = await ecr.blobs.append(begun, 0, source, { algorithm, limit: limits.layerBytes });
    reached = { key, state: received.state };
    if (!received.complete) {
      await ecr.blobs.abort(reached);
      return undefined;
    }
    return await recordLayer(ecr, ref, await ecr.blobs.commit(reached, { digest, size: received.offset }), upload);
  } catch (error) {
    await ecr.blobs.abort(reached).catch(() => undefined);
    if (error instanceof DigestMismatch) throw invalidLayer(digest);
    if (error instanceof UploadTooLarge) throw layerTooLarge(limits.layerBytes);
    throw error;
  }
}
