/** Removes the rows of jobs that ended long ago. */
import type { EcrService } from '../../services/ecr/ecr-service.ts';
import { jobKinds } from '../../services/ecr/job-kinds.ts';
import type { JobHandler } from '../job-handler.ts';

const day = 86_400_000;
/** Long enough to be seen by whoever looks after a weekend, and at what was given up after a holiday. */
const kept = { done: 7 * day, 'given-up': 30 * day } as const;
const sliceSize = 200;

export function pruneJobsHandler({ metadata }: Pick<EcrService, 'metadata'>): JobHandler {
  return {
    kind: jobKinds.pruneJobs,
    async run({ signal }) {
      for (const state of ['done', 'given-up'] as const) {
        const prune = () =>
          metadata.write((tx) => tx.jobs.prune({ state, olderThanMs: kept[state], limit: sliceSize }));
        while (!signal.aborted && (await prune()) === sliceSize);
      }
    },
  };
}
