/** Opens a layer to give out its bytes. */
import { BlobAbsent, type ByteRange, type OpenBlob } from '../../../ports/blob-store.ts';
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

/** Which bytes of a layer of that size are wanted; undefined: all. */
export type RangeOf = (size: number) => ByteRange | undefined;

/**
 * Opens the range that `rangeOf` picks, or the whole. Undefined when the repository does not show the layer, or its bytes are bad: a layer that looks
 * different from when it was good is hashed before a range of it is opened. Throws RepositoryNotFound.
 */
export async function openLayer(
  ecr: EcrService,
  ref: RepositoryRef,
  digest: string,
  rangeOf: RangeOf,
): Promise<OpenLayer | undefined> {
  const layer = await findLayerRecord(ecr, ref, digest);
  return layer && openRecorded(ecr, layer, rangeOf);
}

async function openRecorded(ecr: EcrService, layer: StoredLayer, rangeOf: RangeOf): Promise<OpenLayer | undefined> {
  const opened = layer.blob.damaged ? undefined : await openFit(ecr, layer, rangeOf);
  if (opened !== undefined) return opened;
  const moved = await findMoved(ecr, layer);
  return moved && openRecorded(ecr, moved, rangeOf);
}

/** Undefined when the object is bad, which is recorded then. */
async function openFit(ecr: EcrService, layer: StoredLayer, rangeOf: RangeOf): Promise<OpenLayer | undefined> {
  const range = rangeOf(layer.blob.size);
  const opened = await open(ecr, layer, range);
  if (opened === undefined || opened.blob.trusted || range === undefined) return opened;
  await opened.blob.close();
  const blob = await verifyBlob(ecr, layer.blob);
  return blob && open(ecr, { ...layer, blob }, range);
}

async function open(ecr: EcrService, layer: StoredLayer, range: ByteRange | undefined): Promise<OpenLayer | undefined> {
  try {
    return { layer, size: layer.blob.size, blob: await ecr.blobs.open(layer.blob, range) };
  } catch (error) {
    if (!(error instanceof BlobAbsent)) throw error;
    await markAbsent(ecr, layer);
    return undefined;
  }
}
