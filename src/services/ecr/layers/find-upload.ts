/** Looks up an open upload. */
import type { MetadataTx } from '../../../ports/metadata.ts';
import type { UploadRecord } from '../../../ports/records.ts';
import type { Work } from '../../../ports/work.ts';
import type { EcrService } from '../ecr-service.ts';
import { uploadNotFound } from '../faults.ts';
import { repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';

/** Throws RepositoryNotFound, and UploadNotFound also for an upload of another repository. */
export function findUpload(ecr: EcrService, ref: RepositoryRef, uploadId: string): Promise<UploadRecord> {
  return ecr.metadata.read((tx) => uploadIn(tx, ref, uploadId));
}

/** The same as part of a unit of work; in a write the upload is locked and its repository stays. */
export function* uploadIn(tx: MetadataTx, ref: RepositoryRef, uploadId: string): Work<UploadRecord> {
  const repository = yield* repositoryIn(tx, ref, 'shared');
  const upload = yield* tx.uploads.find(uploadId);
  if (upload === undefined || upload.repositoryId !== repository.id) throw uploadNotFound(uploadId, ref);
  return upload;
}
