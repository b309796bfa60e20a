/** Every kind of job there is, and who does it. */
import type { EcrService } from '../services/ecr/ecr-service.ts';
import type { BackgroundCounts } from './background-counts.ts';
import { collectLayersHandler } from './handlers/collect-layers.ts';
import { expireUploadsHandler } from './handlers/expire-uploads.ts';
import { pruneJobsHandler } from './handlers/prune-jobs.ts';
import { purgeRepositoriesHandler } from './handlers/purge-repositories.ts';
import { scrubLayersHandler } from './handlers/scrub-layers.ts';
import { sweepObjectsHandler } from './handlers/sweep-objects.ts';
import type { JobHandler } from './job-handler.ts';
import type { PaceOptions } from './pace.ts';

/** After each slice of some milliseconds the machine is left to requests for as long again. */
const pauseRatio = 1;

export function jobHandlers(
  ecr: EcrService,
  { collectRate, scrubRate }: { readonly collectRate: number; readonly scrubRate: number },
  counts: BackgroundCounts,
): JobHandler[] {
  const pace = collectPace(collectRate);
  return [
    collectLayersHandler(ecr, pace, counts),
    purgeRepositoriesHandler(ecr, pace, counts),
    expireUploadsHandler(ecr, counts),
    sweepObjectsHandler(ecr, counts),
    scrubLayersHandler(ecr, scrubRate, counts),
    pruneJobsHandler(ecr),
  ];
}

export function collectPace(ratePerSecond: number): PaceOptions {
  return { pauseRatio, ratePerSecond };
}
