/**
 * Garbage collection in slices (design, section 4): what deleted repositories leave, layers that no image refers to after their grace
 * period, and blobs that no repository shows any more. Online: what is deleted is judged anew in the statement that deletes it, with
 * every writer of its repository kept out, so that a push, a mount or an existence check either came before and is seen, or finds nothing.
 */
import { inParallel } from '../../../lib/in-parallel.ts';
import type { Expiry } from '../../../ports/garbage-store.ts';
import type { Ports } from '../../../ports/ports.ts';
import type { BlobRecord } from '../../../ports/records.ts';
import type { Work } from '../../../ports/work.ts';
import type { ServiceSettings } from '../../settings.ts';
import { renewalWindowMs } from './renew-layer.ts';
import { createSliceSize, type SliceSize } from './slice-size.ts';

export interface Collected {
  /** Of deleted repositories; all others are deleted by whoever deletes an image. */
  readonly images: number;
  readonly layers: number;
  readonly blobs: number;
  /** Of the blobs whose objects are gone. */
  readonly bytes: number;
}

export interface CollectedSlice extends Collected {
  /** Whether another slice has work to do now. */
  readonly more: boolean;
  /** How long its transactions took, in which others had to wait. Removing objects holds up nobody. */
  readonly busyMs: number;
}

/** What it takes: a command that collects has no more than this. */
export interface CollectContext extends Pick<Ports, 'metadata' | 'blobs' | 'clock'> {
  readonly settings: Pick<ServiceSettings, 'layerGracePeriodMs'>;
}

/** How many objects are removed at a time: enough to keep a disk or a remote store busy, few enough to leave room for pulls. */
const removedAtOnce = 8;

/**
 * One slice per call: one transaction for each of the three steps, as large as takes a few milliseconds. A crash at any point
 * leaves at most objects without a row, which the sweep finds; nothing need be remembered between slices.
 */
export function createCollector(ecr: CollectContext): () => Promise<CollectedSlice> {
  const images = createSliceSize();
  const layers = createSliceSize();
  const blobs = createSliceSize();
  const busyMs = () => images.busyMs + layers.busyMs + blobs.busyMs;
  return async () => {
    const before = busyMs();
    const purged = await purgeSlice(ecr, images);
    const expired = await collectExpiredLayers(ecr, layers);
    const unreferenced = await collectBlobs(ecr, blobs);
    return {
      images: purged?.images ?? 0,
      layers: expired.deleted + (purged?.layers ?? 0),
      blobs: unreferenced.deleted.length,
      bytes: unreferenced.deleted.reduce((sum, { size }) => sum + size, 0),
      more: purged !== undefined || expired.more || unreferenced.more,
      busyMs: busyMs() - before,
    };
  };
}

/** One slice of what deleted repositories leave: images first, then layers, then the repository itself. */
export function purgeSlice(
  ecr: CollectContext,
  size: SliceSize,
): Promise<{ images: number; layers: number } | undefined> {
  return ecr.metadata.write((tx) => timed(size, tx.repositories.purge(size.rows)));
}

/** What may go now, by the grace period of layers. */
export function expiryOf(ecr: Pick<CollectContext, 'clock' | 'settings'>): Expiry {
  const { layerGracePeriodMs } = ecr.settings;
  const now = ecr.clock.now();
  return {
    // Renewals within the window are not written, so that nobody's period is cut short.
    renewedBefore: now - layerGracePeriodMs - renewalWindowMs(layerGracePeriodMs),
    createdBefore: now - layerGracePeriodMs,
  };
}

async function collectExpiredLayers(ecr: CollectContext, size: SliceSize): Promise<{ deleted: number; more: boolean }> {
  const { renewedBefore } = expiryOf(ecr);
  const limit = size.rows;
  const listed = await ecr.metadata.read((tx) => tx.layers.listExpired({ renewedBefore, limit }));
  if (listed.length === 0) return { deleted: 0, more: false };
  const repositoryIds = [...new Set(listed.map(({ repositoryId }) => repositoryId))];
  const deleted = await ecr.metadata.write((tx) =>
    timed(
      size,
      (function* () {
        yield* tx.repositories.lock(repositoryIds, 'exclusive');
        return yield* tx.garbage.deleteLayers(listed, renewedBefore);
      })(),
    ),
  );
  // Where none of a slice went, all of it was renewed or referred to meanwhile: that is left to the next round.
  return { deleted, more: deleted > 0 && listed.length === limit };
}

/** Row first, object after the commit: the other way round a crash would leave a row without its object. */
async function collectBlobs(ecr: CollectContext, size: SliceSize): Promise<{ deleted: BlobRecord[]; more: boolean }> {
  const { createdBefore } = expiryOf(ecr);
  const limit = size.rows;
  const listed = await ecr.metadata.read((tx) => tx.blobs.listUnreferenced({ limit, createdBefore }));
  if (listed.length === 0) return { deleted: [], more: false };
  const ids = listed.map(({ id }) => id);
  const deleted = await ecr.metadata.write((tx) => timed(size, tx.garbage.deleteBlobs(ids)));
  for await (const _ of inParallel(deleted, removedAtOnce, ({ location }) => ecr.blobs.remove(location)));
  return { deleted, more: deleted.length > 0 && listed.length === limit };
}

/** Measures from the first step to the last: what others had to wait. Looking at a clock is no effect. */
function* timed<T>(size: SliceSize, work: Work<T>): Work<T> {
  const started = performance.now();
  const result = yield* work;
  size.took(performance.now() - started);
  return result;
}
