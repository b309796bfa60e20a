/** Garbage collection as a job. Nothing need be remembered for the next attempt: what is gone is gone. */
import { jobKinds } from '../../services/ecr/job-kinds.ts';
import {
  type CollectContext,
  type Collected,
  createCollector,
  expiryOf,
} from '../../services/ecr/layers/collect-layers.ts';
import {
  type CollectProgress,
  nothingCollected,
  rateOf,
  rowsOf,
  sumOf,
} from '../../services/ecr/layers/collect-progress.ts';
import type { BackgroundCounts } from '../background-counts.ts';
import type { JobHandler } from '../job-handler.ts';
import { type PaceOptions, pause, pauseAfter } from '../pace.ts';

/** Up to here what is to do is counted: further would hold up others for more than some milliseconds. */
const countedUpTo = 50_000;
const logEveryMs = 30_000;

export function collectLayersHandler(ecr: CollectContext, pace: PaceOptions, counts: BackgroundCounts): JobHandler {
  return {
    kind: jobKinds.collectLayers,
    long: true,
    async run({ job, signal, log, tell }) {
      const collect = createCollector(ecr);
      const started = performance.now();
      const before = (job.progress as CollectProgress | undefined) ?? nothingCollected;
      let here = nothingCollected;
      let total = await countGarbage(ecr);
      let loggedAt = started;
      for (;;) {
        const begun = performance.now();
        const slice = await collect();
        here = sumOf(here, slice);
        count(counts, slice);
        if (slice.more && rowsOf(here) >= total) total = rowsOf(here) + (await countGarbage(ecr));
        const now = performance.now();
        const progress: CollectProgress = {
          ...sumOf(before, here),
          total: rowsOf(before) + Math.max(total, rowsOf(here)),
          elapsedMs: Math.round(now - started),
          removed: rowsOf(here),
        };
        if (rowsOf(slice) > 0 || !slice.more) tell(progress);
        if (!slice.more) {
          if (rowsOf(here) > 0) log.info(shown(progress), 'unreferenced layers removed');
          return;
        }
        if (now - loggedAt >= logEveryMs) {
          loggedAt = now;
          log.info(shown(progress), 'removing unreferenced layers');
        }
        await pause(pauseAfter(pace, { busyMs: slice.busyMs, tookMs: now - begun, units: rowsOf(slice) }), signal);
        if (signal.aborted) return;
      }
    },
  };
}

async function countGarbage(ecr: CollectContext): Promise<number> {
  return rowsOf({
    ...(await ecr.metadata.read((tx) => tx.garbage.count({ ...expiryOf(ecr), limit: countedUpTo }))),
    bytes: 0,
  });
}

function count(counts: BackgroundCounts, slice: Collected): void {
  counts.collectedImages += slice.images;
  counts.collectedLayers += slice.layers;
  counts.collectedObjects += slice.blobs;
  counts.collectedBytes += slice.bytes;
}

function shown(progress: CollectProgress) {
  const { images, layers, blobs: objects, bytes: bytesFreed } = progress;
  const { perSecond, secondsLeft } = rateOf(progress);
  return {
    images,
    layers,
    objects,
    bytesFreed,
    perSecond: Math.round(perSecond),
    ...(secondsLeft !== undefined && { secondsLeft: Math.ceil(secondsLeft) }),
  };
}
