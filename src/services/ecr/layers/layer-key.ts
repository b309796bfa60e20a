/** What the cache of layers calls a layer. */
import type { RepositoryRef } from '../repositories/repository-ref.ts';

export function layerKey(ref: RepositoryRef, digest: string): string {
  return `${ref.accountId} ${ref.region} ${ref.name}@${digest}`;
}
