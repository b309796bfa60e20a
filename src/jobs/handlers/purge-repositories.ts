/** Empties deleted repositories. Queued by DeleteRepository; garbage collection does the same for what was missed. */
import type { EcrService } from '../../services/ecr/ecr-service.ts';
import { jobKinds } from '../../services/ecr/job-kinds.ts';
import { purgeSlice } from '../../services/ecr/layers/collect-layers.ts';
import { createSliceSize } from '../../services/ecr/layers/slice-size.ts';
import type { BackgroundCounts } from '../background-counts.ts';
import type { JobHandler } from '../job-handler.ts';
import { type PaceOptions, pause, pauseAfter } from '../pace.ts';

interface Progress {
  readonly images: number;
  readonly layers: number;
}

export function purgeRepositoriesHandler(ecr: EcrService, pace: PaceOptions, counts: BackgroundCounts): JobHandler {
  return {
    kind: jobKinds.purgeRepositories,
    long: true,
    async run({ job, signal, log, tell }) {
      const size = createSliceSize();
      let { images, layers } = (job.progress as Progress | undefined) ?? { images: 0, layers: 0 };
      for (;;) {
        const begun = performance.now();
        const busyBefore = size.busyMs;
        const purged = await purgeSlice(ecr, size);
        if (purged === undefined) break;
        images += purged.images;
        layers += purged.layers;
        counts.collectedImages += purged.images;
        counts.collectedLayers += purged.layers;
        tell({ images, layers });
        const tookMs = performance.now() - begun;
        const units = purged.images + purged.layers;
        await pause(pauseAfter(pace, { busyMs: size.busyMs - busyBefore, tookMs, units }), signal);
        if (signal.aborted) return;
      }
      if (images + layers > 0) log.info({ images, layers }, 'deleted repositories emptied');
    },
  };
}
