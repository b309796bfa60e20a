/** Compares what is stored with what the database knows, and removes what a crash has left. An attempt that was broken off begins anew. */
import type { EcrService } from '../../services/ecr/ecr-service.ts';
import { jobKinds } from '../../services/ecr/job-kinds.ts';
import { createObjectSweep } from '../../services/ecr/layers/sweep-objects.ts';
import type { BackgroundCounts } from '../background-counts.ts';
import type { JobHandler } from '../job-handler.ts';
import { pause } from '../pace.ts';

/** Between slices of names: a sweep has all day. */
const pauseMs = 50;

export function sweepObjectsHandler(ecr: EcrService, counts: BackgroundCounts): JobHandler {
  return {
    kind: jobKinds.sweepObjects,
    long: true,
    async run({ signal, log, tell }) {
      const next = createObjectSweep(ecr);
      let checked = 0;
      let removed = 0;
      for (;;) {
        const slice = await next();
        checked += slice.checked;
        removed += slice.removed;
        counts.sweptObjects += slice.removed;
        tell({ checked, removed });
        if (!slice.more) break;
        await pause(pauseMs, signal);
        if (signal.aborted) return;
      }
      if (removed > 0) log.info({ objects: removed, checked }, 'objects that no row knew removed');
    },
  };
}
