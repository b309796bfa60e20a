/** Joins what a command needs to collect garbage itself, where no server does. */
import type { Config } from '../config.ts';
import { createBackgroundCounts } from '../jobs/background-counts.ts';
import { processName } from '../jobs/create-jobs.ts';
import { collectLayersHandler } from '../jobs/handlers/collect-layers.ts';
import { collectPace } from '../jobs/job-handlers.ts';
import { type JobWorker, startJobWorker } from '../jobs/job-worker.ts';
import { logTo } from '../lib/log/create-log.ts';
import type { Ports } from '../ports/ports.ts';

export type CollectConfig = Pick<Config, 'layerGracePeriod' | 'collectRate'>;

/** A worker for garbage collection and nothing else. What it does is in the job's row, so that it need not log. */
export function startCollectingHere(ports: Ports, config: CollectConfig): JobWorker {
  const context = { ...ports, settings: { layerGracePeriodMs: config.layerGracePeriod } };
  return startJobWorker({
    metadata: ports.metadata,
    handlers: [collectLayersHandler(context, collectPace(config.collectRate), createBackgroundCounts())],
    atOnce: 1,
    holder: processName(),
    log: logTo(() => undefined, 'silent').logger,
    leaseMs: 8000,
    pollMs: 500,
  });
}
