/** The grace period of a layer that no image refers to (design, section 4): every look at it begins the period anew. */
import type { StoredLayer } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { layerKey } from './layer-key.ts';

const longestWindowMs = 60_000;

/** Renewals within this time are one. The collector waits that much longer, so that nobody's grace period is shortened by it. */
export function renewalWindowMs(gracePeriodMs: number): number {
  return Math.min(longestWindowMs, Math.floor(gracePeriodMs / 10));
}

/** Renews the layer when it is due; undefined when it has been collected meanwhile. */
export async function renewLayer(
  ecr: EcrService,
  ref: RepositoryRef,
  layer: StoredLayer,
): Promise<StoredLayer | undefined> {
  const now = ecr.clock.now();
  if (layer.referenced || now - layer.renewedAt < renewalWindowMs(ecr.settings.layerGracePeriodMs)) return layer;
  const version = ecr.layerCache.version;
  const renewed = await ecr.metadata.write(function* (tx) {
    const present = yield* tx.layers.find(layer.repositoryId, layer.digest);
    if (present === undefined || present.blob.damaged) return undefined;
    yield* tx.layers.renew(layer.repositoryId, layer.digest, now);
    return { ...present, renewedAt: now };
  });
  if (renewed !== undefined) ecr.layerCache.put(layerKey(ref, layer.digest), layer.repositoryId, renewed, version);
  return renewed;
}
