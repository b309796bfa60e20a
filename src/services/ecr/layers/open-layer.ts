/** Opens a layer to give out its bytes. */
import { BlobAbsent, type OpenBlob } from '../../../ports/blob-store.ts';
import type { StoredLayer } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { findLayerRecord } from './find-layer.ts';
import { findMoved, markAbsent, verifyBlob } from './layer-health.ts';

export interface OpenLayer {
  readonly layer: StoredLayer;
  readonly size: number;
  /** Must be sent or closed. When `send` answers `damaged`, tell `markDamaged(ecr, layer)`. */
  readonly blob: OpenBlob;
}

/**
 * Undefined when the repository does not show the layer, or its bytes are bad. Ask with `whole: false` to send a range: then a
 * layer that looks different from when it was good is hashed first. Throws RepositoryNotFound.
 */
export async function openLayer(
  ecr: EcrService,
  ref: RepositoryRef,
  digest: string,
  options: { readonly whole: boolean },
): Promise<OpenLayer | undefined> {
  const layer = await findLayerRecord(ecr, ref, digest);
  return layer && openRecorded(ecr, layer, options);
}

async function openRecorded(
  ecr: EcrService,
  layer: StoredLayer,
  options: { readonly whole: boolean },
): Promise<OpenLayer | undefined> {
  const opened = layer.blob.damaged ? undefined : await openFit(ecr, layer, options);
  if (opened !== undefined) return opened;
  const moved = await findMoved(ecr, layer);
  return moved && openRecorded(ecr, moved, options);
}

/** Undefined when the object is bad, which is recorded then. */
async function openFit(
  ecr: EcrService,
  layer: StoredLayer,
  options: { readonly whole: boolean },
): Promise<OpenLayer | undefined> {
  const opened = await open(ecr, layer);
  if (opened === undefined || opened.blob.trusted || options.whole) return opened;
  await opened.blob.close();
  const blob = await verifyBlob(ecr, layer.blob);
  return blob && open(ecr, { ...layer, blob });
}

async function open(ecr: EcrService, layer: StoredLayer): Promise<OpenLayer | undefined> {
  try {
    return { layer, size: layer.blob.size, blob: await ecr.blobs.open(layer.blob) };
  } catch (error) {
    if (!(error instanceof BlobAbsent)) throw error;
    await markAbsent(ecr, layer);
    return undefined;
  }
}
