/** Opens an upload of a layer. */
import { randomUUID } from 'node:crypto';
import type { DigestAlgorithm } from '../../../lib/oci/digest.ts';
import type { UploadRecord } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';
import { repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';

/**
 * The upload survives a restart from here on. `algorithm` is what its bytes are hashed with, `claim` that of a
 * request that goes on with it at once. Throws RepositoryNotFound.
 */
export async function startUpload(
  ecr: EcrService,
  ref: RepositoryRef,
  options: { readonly algorithm?: DigestAlgorithm; readonly claim?: Pick<UploadRecord, 'holder' | 'heldUntil'> } = {},
): Promise<UploadRecord> {
  const now = ecr.clock.now();
  const beginning = {
    id: randomUUID(),
    objectKey: ecr.blobs.startUpload(),
    state: '',
    holder: '',
    heldUntil: 0,
    digestAlgorithm: options.algorithm ?? 'sha256',
    offset: 0,
    parts: 0,
    lastPartSize: 0,
    shortPartFollowed: false,
    startedAt: now,
    updatedAt: now,
    ...options.claim,
  };
  return ecr.metadata.write(function* (tx) {
    const repository = yield* repositoryIn(tx, ref, 'shared');
    const upload: UploadRecord = { ...beginning, repositoryId: repository.id };
    yield* tx.uploads.add(upload);
    return upload;
  });
}
