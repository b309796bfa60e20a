/** How far a garbage collection has got, as its job tells it and commands show it. */
import type { Collected } from './collect-layers.ts';

export interface CollectProgress extends Collected {
  /** Images, layers and blobs that were known to go when it was last counted, those that are gone included. */
  readonly total: number;
  /** How long this attempt has been at it, and how many it has removed in that time. */
  readonly elapsedMs: number;
  readonly removed: number;
}

export const nothingCollected: Collected = { images: 0, layers: 0, blobs: 0, bytes: 0 };

export function sumOf(one: Collected, other: Collected): Collected {
  return {
    images: one.images + other.images,
    layers: one.layers + other.layers,
    blobs: one.blobs + other.blobs,
    bytes: one.bytes + other.bytes,
  };
}

export function rowsOf({ images, layers, blobs }: Collected): number {
  return images + layers + blobs;
}

/** Rows a second, and the seconds left as far as one can know: more may come to light as layers go. */
export function rateOf(progress: CollectProgress): { perSecond: number; secondsLeft: number | undefined } {
  const perSecond = progress.elapsedMs === 0 ? 0 : (1000 * progress.removed) / progress.elapsedMs;
  const left = Math.max(0, progress.total - rowsOf(progress));
  return { perSecond, secondsLeft: perSecond === 0 ? undefined : left / perSecond };
}
