/** Ends an upload without a layer. */
import type { EcrService } from '../ecr-service.ts';
import { uploadNotFound } from '../faults.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { findUpload } from './find-upload.ts';

/**
 * Waits for a request of this process that is writing to the upload. One of another node is not waited for: it finds the upload gone when it
 * records what came. Throws RepositoryNotFound and UploadNotFound. */
export function cancelUpload(ecr: EcrService, ref: RepositoryRef, uploadId: string): Promise<void> {
  return ecr.uploadTurns.alone(uploadId, async () => {
    const upload = await findUpload(ecr, ref, uploadId);
    const deleted = await ecr.metadata.write((tx) => tx.uploads.delete(uploadId));
    if (!deleted) throw uploadNotFound(uploadId, ref);
    await ecr.blobs.abort({ key: upload.objectKey, state: upload.state });
  });
}
