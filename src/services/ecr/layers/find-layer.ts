/** Looks up a layer of a repository, as HEAD of a blob and every push do. */
import type { StoredLayer } from '../../../ports/records.ts';
import { afterRefresh } from '../after-refresh.ts';
import type { EcrService } from '../ecr-service.ts';
import { findRepository } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { trustLayer } from './layer-health.ts';
import { layerKey } from './layer-key.ts';
import { renewLayer } from './renew-layer.ts';

/**
 * The layer, when the repository shows it and its bytes are good. Whoever is told that a layer exists may rely on it for the grace
 * period: the answer renews it. Throws RepositoryNotFound.
 */
export async function findLayer(ecr: EcrService, ref: RepositoryRef, digest: string): Promise<StoredLayer | undefined> {
  const recorded = await findLayerRecord(ecr, ref, digest);
  if (recorded === undefined) return undefined;
  const layer = await trustLayer(ecr, recorded);
  return layer && renewLayer(ecr, ref, layer);
}

/**
 * The layer as the database has it, from the cache where it can; neither looked at nor renewed. Damaged ones are left out. Throws
 * RepositoryNotFound.
 */
export function findLayerRecord(
  ecr: EcrService,
  ref: RepositoryRef,
  digest: string,
): StoredLayer | Promise<StoredLayer | undefined> | undefined {
  return afterRefresh(ecr.metadata, () => {
    const key = layerKey(ref, digest);
    return ecr.layerCache.get(key) ?? loadLayer(ecr, ref, digest, key);
  });
}

async function loadLayer(
  ecr: EcrService,
  ref: RepositoryRef,
  digest: string,
  key: string,
): Promise<StoredLayer | undefined> {
  const repository = await findRepository(ecr, ref);
  const version = ecr.layerCache.version;
  const layer = await ecr.metadata.read((tx) => tx.layers.find(repository.id, digest));
  if (layer === undefined || layer.blob.damaged) return undefined;
  ecr.layerCache.put(key, repository.id, layer, version);
  return layer;
}
