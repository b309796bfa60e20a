/** Ends abandoned uploads. */
import type { EcrService } from '../../services/ecr/ecr-service.ts';
import { jobKinds } from '../../services/ecr/job-kinds.ts';
import { expireUploads } from '../../services/ecr/layers/expire-uploads.ts';
import type { BackgroundCounts } from '../background-counts.ts';
import type { JobHandler } from '../job-handler.ts';
import { pause } from '../pace.ts';

/** Each slice ends a hundred uploads one by one, and leaves the disk to others between them anyway. */
const pauseMs = 50;

export function expireUploadsHandler(ecr: EcrService, counts: BackgroundCounts): JobHandler {
  return {
    kind: jobKinds.expireUploads,
    async run({ signal, log, tell }) {
      let expired = 0;
      for (;;) {
        const { uploads, more } = await expireUploads(ecr);
        expired += uploads;
        counts.expiredUploads += uploads;
        if (uploads > 0) tell({ uploads: expired });
        if (!more) break;
        await pause(pauseMs, signal);
        if (signal.aborted) return;
      }
      if (expired > 0) log.info({ uploads: expired }, 'abandoned uploads removed');
    },
  };
}
