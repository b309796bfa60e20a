/** Re-reads every stored layer, slowly. Goes on where the last attempt got to. */
import type { EcrService } from '../../services/ecr/ecr-service.ts';
import { jobKinds } from '../../services/ecr/job-kinds.ts';
import { createBlobScrub } from '../../services/ecr/layers/scrub-blobs.ts';
import type { BackgroundCounts } from '../background-counts.ts';
import type { JobHandler } from '../job-handler.ts';
import { pause, pauseAfter } from '../pace.ts';

/** Kept in the job's row and shown by /metrics and `longshore jobs`. */
export interface ScrubProgress {
  readonly layers: number;
  readonly bytes: number;
  readonly damaged: number;
  /** Ids of the last layer that was read and of the last there was at the beginning: how far the round has got. */
  readonly after: number;
  readonly last: number;
}

/** Small layers cost a look at the database each, however few their bytes are. */
const shortestPauseMs = 20;

export function scrubLayersHandler(ecr: EcrService, bytesPerSecond: number, counts: BackgroundCounts): JobHandler {
  return {
    kind: jobKinds.scrubLayers,
    long: true,
    async run({ job, signal, log, tell }) {
      let progress = (job.progress as ScrubProgress | undefined) ?? {
        layers: 0,
        bytes: 0,
        damaged: 0,
        after: 0,
        last: await ecr.metadata.read((tx) => tx.blobs.lastId()),
      };
      const pace = { pauseRatio: 1, ratePerSecond: bytesPerSecond };
      const next = createBlobScrub(ecr, progress.after);
      while (!signal.aborted) {
        const begun = performance.now();
        const slice = await next();
        // What was pushed since the round began was hashed when it came.
        if (!slice.more || slice.after > progress.last) {
          if (progress.damaged > 0)
            log.error(progress, 'the scrub has found damaged layers; `longshore verify` names all');
          return;
        }
        progress = {
          ...progress,
          layers: progress.layers + 1,
          bytes: progress.bytes + slice.bytes,
          damaged: progress.damaged + (slice.damaged === undefined ? 0 : 1),
          after: slice.after,
        };
        counts.scrubbedLayers += 1;
        counts.scrubbedBytes += slice.bytes;
        if (slice.damaged !== undefined) {
          counts.scrubFoundDamaged += 1;
          log.error(
            { digest: slice.damaged },
            'a stored layer is damaged or gone; it is absent until it is pushed again',
          );
        }
        tell(progress);
        const tookMs = performance.now() - begun;
        const wait = pauseAfter(pace, { busyMs: tookMs, tookMs, units: slice.bytes });
        await pause(Math.max(shortestPauseMs, wait), signal);
      }
    },
  };
}
