/** All work without a request of this process: a worker for the jobs of the cluster, and what each process does for itself. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Schedule } from '../lib/schedule.ts';
import type { EcrService } from '../services/ecr/ecr-service.ts';
import { jobKinds } from '../services/ecr/job-kinds.ts';
import { type Background, type BackgroundTask, startBackground } from './background.ts';
import { type BackgroundCounts, createBackgroundCounts } from './background-counts.ts';
import type { ScrubProgress } from './handlers/scrub-layers.ts';
import { jobHandlers } from './job-handlers.ts';
import { type JobWorker, startJobWorker } from './job-worker.ts';
import { queueDueJobs, type ScheduledJob } from './queue-due-jobs.ts';

/** A rate of 0 is no limit for collecting, and never for scrubbing; a schedule that is undefined is never. */
export interface JobSettings {
  readonly collectInterval: Schedule | undefined;
  /** Rows a second. */
  readonly collectRate: number;
  readonly sweepInterval: Schedule | undefined;
  /** Bytes a second. */
  readonly scrubRate: number;
  /** 0 for a process that runs none. */
  readonly jobsAtOnce: number;
}

export interface Jobs {
  /** What /metrics tells. */
  readonly counts: BackgroundCounts;
  readonly outcomes: JobWorker['outcomes'];
  readonly scrubRatio: () => Promise<number | undefined>;
  start(): void;
  /** Gives running jobs back, so that another process goes on with them at once. */
  stop(graceMs?: number): Promise<void>;
}

const pullTimesMs = 5000;
/** Every layer is read again when the last round is done, but a small store is not read without end. */
const scrubRoundMs = 6 * 3_600_000;
const pruneMs = 3_600_000;
/** How often it is asked whether something has become due; oftener where something is due more often. */
const longestTickMs = 5000;

export function createJobs(ecr: EcrService, settings: JobSettings, log: Logger): Jobs {
  const counts = createBackgroundCounts();
  let worker: JobWorker | undefined;
  let background: Background | undefined;
  ecr.jobBell.onRing(() => worker?.wake());
  return {
    counts,
    outcomes: () => worker?.outcomes() ?? [],
    scrubRatio: () => scrubRatio(ecr),
    start() {
      worker = startJobWorker({
        metadata: ecr.metadata,
        handlers: jobHandlers(ecr, settings, counts),
        atOnce: settings.jobsAtOnce,
        holder: processName(),
        log,
      });
      background = startBackground(ownTasks(ecr, settings, worker), (task, error) =>
        log.warn({ task, err: error }, 'background work failed and will be tried again'),
      );
    },
    async stop(graceMs) {
      await Promise.all([background?.stop(graceMs), worker?.stop(graceMs)]);
    },
  };
}

function ownTasks(ecr: EcrService, settings: JobSettings, worker: JobWorker): BackgroundTask[] {
  const scheduled = scheduledJobs(settings);
  const taken = new Map<string, number>();
  return [
    {
      name: 'write pull times',
      everyMs: pullTimesMs,
      async slice() {
        await ecr.pullTimes.flush();
        return undefined;
      },
    },
    {
      name: 'queue what is due',
      everyMs: tickOf(scheduled),
      async slice() {
        if ((await queueDueJobs(ecr, scheduled, taken)) > 0) worker.wake();
        return undefined;
      },
    },
  ];
}

async function scrubRatio({ metadata }: EcrService): Promise<number | undefined> {
  const job = await metadata.read((tx) => tx.jobs.findActive(jobKinds.scrubLayers, ''));
  const progress = job?.progress as ScrubProgress | undefined;
  if (job?.state !== 'running' || progress === undefined) return undefined;
  return progress.last === 0 ? 1 : progress.after / progress.last;
}

/** Told from any other process of the cluster, also from one that has had the same id on the same machine. */
export function processName(): string {
  return `${hostname()}/${process.pid}/${randomBytes(6).toString('hex')}`;
}

export function scheduledJobs({ collectInterval, sweepInterval, scrubRate }: JobSettings): ScheduledJob[] {
  const jobs: ScheduledJob[] = [{ kind: jobKinds.pruneJobs, schedule: { everyMs: pruneMs } }];
  if (collectInterval !== undefined) {
    jobs.push(
      { kind: jobKinds.collectLayers, schedule: collectInterval },
      { kind: jobKinds.expireUploads, schedule: collectInterval },
    );
  }
  if (sweepInterval !== undefined) jobs.push({ kind: jobKinds.sweepObjects, schedule: sweepInterval });
  if (scrubRate > 0) jobs.push({ kind: jobKinds.scrubLayers, schedule: { everyMs: scrubRoundMs } });
  return jobs;
}

function tickOf(jobs: readonly ScheduledJob[]): number {
  const shortest = Math.min(...jobs.map(({ schedule }) => ('everyMs' in schedule ? schedule.everyMs : longestTickMs)));
  return Math.max(50, Math.min(longestTickMs, shortest / 2));
}
