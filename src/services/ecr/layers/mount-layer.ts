/** Makes a layer of one repository visible in another of the same registry without moving a byte. */
import type { RepositoryRecord, StoredLayer } from '../../../ports/records.ts';
import type { Caller } from '../../caller.ts';
import { Fault } from '../../fault.ts';
import { authorize } from '../../iam/authorize.ts';
import { repositoryArn } from '../arn.ts';
import type { EcrService } from '../ecr-service.ts';
import { repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { trustLayer } from './layer-health.ts';

/**
 * Answers whether the target now shows the layer. False, and then the client uploads it, when there is none to mount, when its bytes
 * are bad, or when the caller may not read the source. Without `from`, any repository of the registry will do. Throws RepositoryNotFound
 * for the target.
 */
export async function mountLayer(
  ecr: EcrService,
  caller: Caller,
  target: RepositoryRef,
  digest: string,
  from?: string,
): Promise<boolean> {
  if (!mayRead(caller, target, from ?? '*')) return false;
  const found = await findSource(ecr, target, digest, from);
  const source = found && (await trustLayer(ecr, found));
  if (source === undefined) return false;
  const now = ecr.clock.now();
  return ecr.metadata.write(function* (tx) {
    const repository = yield* repositoryIn(tx, target, 'shared');
    // Not locked: should it be collected just now, its blob stays for the layer that is put here, or this is run again.
    const present = yield* tx.layers.find(source.repositoryId, digest, 'none');
    if (present === undefined || present.blob.damaged) return false;
    yield* tx.layers.put({ repositoryId: repository.id, digest, blobId: present.blobId, renewedAt: now });
    return true;
  });
}

function mayRead(caller: Caller, target: RepositoryRef, sourceName: string): boolean {
  try {
    authorize(caller, 'ecr:GetDownloadUrlForLayer', repositoryArn(target, sourceName));
    return true;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

function findSource(
  ecr: EcrService,
  target: RepositoryRef,
  digest: string,
  from: string | undefined,
): Promise<StoredLayer | undefined> {
  return ecr.metadata.read(function* (tx) {
    yield* repositoryIn(tx, target);
    if (from === undefined) return yield* tx.layers.findInRegistry(target, digest);
    const source: RepositoryRecord | undefined = yield* tx.repositories.find(target, from);
    return source && (yield* tx.layers.find(source.id, digest));
  });
}
