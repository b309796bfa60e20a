/**
 * Runs the jobs of the cluster that this process can get: a few at once, each under a lease. Any number of processes do the same
 * on one database; when one dies, its jobs are taken over as soon as their leases are over.
 */
import type { Logger } from 'pino';
import type { Metadata } from '../ports/metadata.ts';
import type { JobHandler } from './job-handler.ts';
import { type JobOutcome, runJob } from './run-job.ts';

export interface JobWorker {
  /** Looks for jobs now instead of at the next round, because one was just added. */
  wake(): void;
  /** How many attempts ended how. */
  outcomes(): Iterable<{ readonly kind: string; readonly outcome: JobOutcome; readonly count: number }>;
  /**
   * Claims no more, tells the handlers to end, and gives their jobs back, so that another process goes on at once. Waits for them for so long at
   * most: re-reading a large layer may take a while, and the lease of one that is cut off runs out.
   */
  stop(graceMs?: number): Promise<void>;
}

export interface JobWorkerOptions {
  readonly metadata: Pick<Metadata, 'read' | 'write'>;
  readonly handlers: readonly JobHandler[];
  /** Jobs at once; 0 for a process that runs none. */
  readonly atOnce: number;
  /** The name of this process, unlike that of any other. */
  readonly holder: string;
  readonly log: Logger;
  readonly leaseMs?: number;
  /** How often it is looked for jobs that other processes have added, on average. */
  readonly pollMs?: number;
  readonly random?: () => number;
}

export function startJobWorker(options: JobWorkerOptions): JobWorker {
  const { metadata, handlers, atOnce, holder, log, leaseMs = 30_000, pollMs = 2000, random = Math.random } = options;
  const stopping = new AbortController();
  const context = { metadata, holder, leaseMs, log, stopping: stopping.signal, random };
  const running = new Set<Promise<void>>();
  const outcomes = new Map<string, { kind: string; outcome: JobOutcome; count: number }>();
  let long = 0;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let again = false;

  function count(kind: string, outcome: JobOutcome): void {
    const key = `${kind} ${outcome}`;
    const known = outcomes.get(key);
    if (known === undefined) outcomes.set(key, { kind, outcome, count: 1 });
    else known.count += 1;
  }

  /** One place is left to short jobs, so that what takes days does not hold up what takes milliseconds. */
  function claimable(): JobHandler[] {
    return long < Math.max(1, atOnce - 1) ? [...handlers] : handlers.filter((handler) => handler.long !== true);
  }

  async function look(): Promise<void> {
    while (running.size < atOnce && !stopping.signal.aborted) {
      const kinds = claimable().map(({ kind }) => kind);
      // Asked apart: a claim is a write, and nearly always there is nothing.
      if (!(await metadata.read((tx) => tx.jobs.isDue(kinds)))) return;
      if (stopping.signal.aborted) return;
      const job = await metadata.write((tx) => tx.jobs.claim({ kinds, holder, leaseMs }));
      if (job === undefined) return;
      const handler = handlers.find(({ kind }) => kind === job.kind)!;
      if (handler.long) long += 1;
      const run = runJob(context, handler, job).then((outcome) => {
        count(job.kind, outcome);
        if (handler.long) long -= 1;
        running.delete(run);
        wake();
      });
      running.add(run);
    }
  }

  function wake(): void {
    if (stopping.signal.aborted || atOnce === 0) return;
    if (looking !== undefined) {
      again = true;
      return;
    }
    clearTimeout(timer);
    again = false;
    looking = look()
      .catch((error: unknown) => log.warn({ err: error }, 'jobs could not be looked for'))
      .finally(() => {
        looking = undefined;
        if (again) wake();
        else plan();
      });
  }

  function plan(): void {
    if (stopping.signal.aborted) return;
    // Neither in step with other nodes nor kept alive by nothing but waiting.
    timer = setTimeout(wake, pollMs * (0.5 + random()));
    timer.unref();
  }

  wake();
  return {
    wake,
    outcomes: () => outcomes.values(),
    async stop(graceMs = 5000) {
      stopping.abort(new Error('The process is ending.'));
      clearTimeout(timer);
      await looking;
      const grace = Promise.withResolvers<void>();
      const cut = setTimeout(grace.resolve, graceMs);
      await Promise.race([Promise.all(running), grace.promise]);
      clearTimeout(cut);
    },
  };
}
