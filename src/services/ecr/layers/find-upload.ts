/** Looks up an open upload. */
import type { UploadRecord } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';
import { uploadNotFound } from '../faults.ts';
import { repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';

/** Throws RepositoryNotFound, and UploadNotFound also for an upload of another repository. */
export function findUpload(ecr: EcrService, ref: RepositoryRef, uploadId: string): Promise<UploadRecord> {
  return ecr.metadata.read(function* (tx) {
    const repository = yield* repositoryIn(tx, ref);
    const upload = yield* tx.uploads.find(uploadId);
    if (upload === undefined || upload.repositoryId !== repository.id) throw uploadNotFound(uploadId, ref);
    return upload;
  });
}
