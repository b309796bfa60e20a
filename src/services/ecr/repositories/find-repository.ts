/** Looks up a repository by name, from the cache where it can. */

import type { MetadataTx } from '../../../ports/metadata.ts';
import type { RepositoryRecord } from '../../../ports/records.ts';
import type { Work } from '../../../ports/work.ts';
import { afterRefresh } from '../after-refresh.ts';
import type { EcrService } from '../ecr-service.ts';
import { repositoryNotFound } from '../faults.ts';
import type { RepositoryRef } from './repository-ref.ts';

/** Answers at once, not with a promise, what is cached. Throws RepositoryNotFound. */
export function findRepository(ecr: EcrService, ref: RepositoryRef): RepositoryRecord | Promise<RepositoryRecord> {
  return afterRefresh(ecr.metadata, () => {
    const key = `${ref.accountId} ${ref.region} ${ref.name}`;
    return ecr.repositoryCache.get(key) ?? loadRepository(ecr, ref, key);
  });
}

async function loadRepository(ecr: EcrService, ref: RepositoryRef, key: string): Promise<RepositoryRecord> {
  const version = ecr.repositoryCache.version;
  const repository = await ecr.metadata.read((tx) => repositoryIn(tx, ref));
  ecr.repositoryCache.put(key, repository.id, repository, version);
  return repository;
}

/**
 * The repository as part of a unit of work; in a write locked, as `repositories.find` says, `exclusive` unless told otherwise. Throws
 * RepositoryNotFound.
 */
export function* repositoryIn(
  tx: MetadataTx,
  ref: RepositoryRef,
  lock?: 'exclusive' | 'shared',
): Work<RepositoryRecord> {
  const repository = yield* tx.repositories.find(ref, ref.name, lock);
  if (repository === undefined) throw repositoryNotFound(ref.name, ref.accountId);
  return repository;
}
