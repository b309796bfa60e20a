/** Finishes an upload: digest checked, object placed, row committed. Only then may anybody be told that the layer exists. */
import type { Readable } from 'node:stream';
import { parseDigest } from '../../../lib/oci/digest.ts';
import { DigestMismatch, type StoredBlob, UploadLost } from '../../../ports/blob-store.ts';
import type { UploadRecord } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';
import { invalidLayer, invalidLayerPart } from '../faults.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { receiveBytes } from './append-upload.ts';
import { claimMs, forgetLostUpload, holdUpload } from './hold-upload.ts';
import { type RecordedLayer, recordLayer } from './record-layer.ts';

/** Longer than the claim of a node that died lasts, so that a client need not come again for it. */
const patienceMs = claimMs + 5_000;

export interface CompleteOptions {
  /** The last bytes, when they come with the closing request: they cost no commit of their own. */
  readonly lastBytes?: { readonly source: Readable; readonly expectedOffset?: number | undefined } | undefined;
  /** Looks at the upload first; throws a Fault to refuse. */
  readonly judge?: (upload: UploadRecord) => void;
}

/**
 * Throws RepositoryNotFound, UploadNotFound, InvalidLayer (malformed digest, or not that of the bytes: the upload stays as it was
 * before the call) and, with last bytes, what appendUpload throws. A layer that is already there is a success.
 */
export function completeUpload(
  ecr: EcrService,
  ref: RepositoryRef,
  uploadId: string,
  digest: string,
  options: CompleteOptions = {},
): Promise<RecordedLayer> {
  return holdUpload(ecr, ref, uploadId, patienceMs, async (upload) => {
    options.judge?.(upload);
    if (parseDigest(digest) === undefined) throw invalidLayer(digest);
    const { offset: size, state } = await receiveLastBytes(ecr, ref, upload, options.lastBytes);
    const placed = await place(ecr, ref, { ...upload, state }, { digest, size });
    return recordLayer(ecr, ref, placed, upload);
  });
}

async function receiveLastBytes(
  ecr: EcrService,
  ref: RepositoryRef,
  upload: UploadRecord,
  last: CompleteOptions['lastBytes'],
): Promise<Pick<UploadRecord, 'offset' | 'state'>> {
  if (last === undefined) return upload;
  const received = await receiveBytes(ecr, ref, upload, last.source, last.expectedOffset);
  if (!received.complete) {
    throw invalidLayerPart('The last bytes of the layer did not come', ref, upload.id, upload.offset - 1);
  }
  return received;
}

async function place(
  ecr: EcrService,
  ref: RepositoryRef,
  upload: UploadRecord,
  expected: { readonly digest: string; readonly size: number },
): Promise<StoredBlob> {
  try {
    return await ecr.blobs.commit({ key: upload.objectKey, state: upload.state }, expected);
  } catch (error) {
    if (error instanceof DigestMismatch) throw invalidLayer(expected.digest);
    if (error instanceof UploadLost) throw await forgetLostUpload(ecr, ref, upload);
    throw error;
  }
}
