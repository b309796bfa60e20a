/** Finds the URL under which the blob store itself gives out a layer, so that its bytes need not pass through this server. */
import type { StoredLayer } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { findLayerRecord } from './find-layer.ts';
import { trustLayer } from './layer-health.ts';

export interface LinkedLayer {
  readonly layer: StoredLayer;
  /** Undefined when the store has no such thing, and the layer is to be sent from here. */
  readonly url: string | undefined;
}

/**
 * Undefined when the repository does not show the layer, or its bytes are bad: a client that goes to the store is on its own, so the object is
 * looked at before, and read when it looks different from when it was good. Throws RepositoryNotFound.
 */
export async function linkLayer(
  ecr: EcrService,
  ref: RepositoryRef,
  digest: string,
  expiresMs: number,
): Promise<LinkedLayer | undefined> {
  const recorded = await findLayerRecord(ecr, ref, digest);
  const layer = recorded && (await trustLayer(ecr, recorded));
  return layer && { layer, url: await ecr.blobs.presign(layer.blob, { method: 'GET', expiresMs }) };
}
