/** One attempt of one job: keeps the lease while the handler works, and writes down what came of it. */
import type { Logger } from 'pino';
import type { Metadata } from '../ports/metadata.ts';
import type { JobRecord } from '../ports/records.ts';
import type { JobHandler } from './job-handler.ts';
import { retryDelay } from './retry-delay.ts';

export type JobOutcome = 'done' | 'failed' | 'given-up' | 'released' | 'lost';

export interface JobContext {
  readonly metadata: Pick<Metadata, 'write'>;
  readonly holder: string;
  readonly leaseMs: number;
  readonly log: Logger;
  /** Aborted when the process is ending. */
  readonly stopping: AbortSignal;
  readonly random: () => number;
}

const attemptsUnlessSaid = 10;
/** Heartbeats in the time of a lease: two may fail before the job is lost. */
const heartbeatsPerLease = 4;

/** Never rejects: what could not be written down is left to whoever takes the job over once its lease is over. */
export async function runJob(context: JobContext, handler: JobHandler, job: JobRecord): Promise<JobOutcome> {
  const { metadata, holder, leaseMs, stopping } = context;
  const log = context.log.child({ job: job.id, kind: job.kind, ...(job.subject !== '' && { subject: job.subject }) });
  const attempts = handler.attempts ?? attemptsUnlessSaid;
  if (job.attempts > attempts) {
    const error = job.error ?? `The process that worked on it has died ${job.attempts - 1} times.`;
    return written('given-up', (tx) => tx.jobs.giveUp(job.id, { holder, error }));
  }

  const lost = new AbortController();
  let told: object | undefined;
  let unsaved: object | undefined;
  let renewedAt = performance.now();
  let beating: Promise<void> | undefined;

  async function beat(): Promise<void> {
    const sentAt = performance.now();
    const progress = unsaved;
    unsaved = undefined;
    const by = { holder, leaseMs, ...(progress !== undefined && { progress, further: true }) };
    try {
      if (await metadata.write((tx) => tx.jobs.heartbeat(job.id, by))) renewedAt = sentAt;
      else lost.abort(new Error('Another process has taken the job over.'));
    } catch (error) {
      unsaved ??= progress;
      // By our own clock, from when the last renewal was sent: earlier than by the database's.
      if (performance.now() - renewedAt > leaseMs) lost.abort(error);
      else log.warn({ err: error }, 'the lease of a job could not be renewed and will be tried again');
    }
  }
  const timer = setInterval(() => {
    beating ??= beat().finally(() => {
      beating = undefined;
    });
  }, leaseMs / heartbeatsPerLease);
  timer.unref();

  const signal = AbortSignal.any([lost.signal, stopping]);
  let failure: { error: unknown } | undefined;
  try {
    await handler.run({
      job,
      signal,
      log,
      tell(progress) {
        told = progress;
        unsaved = progress;
      },
    });
  } catch (error) {
    failure = { error };
  } finally {
    clearInterval(timer);
    await beating;
  }
  if (lost.signal.aborted) {
    log.warn({ err: lost.signal.reason }, 'a job was broken off because its lease was lost');
    return 'lost';
  }
  if (failure === undefined && !stopping.aborted) {
    return written('done', (tx) => tx.jobs.finish(job.id, { holder, progress: told }));
  }
  // What was told last, for the next attempt and for whoever looks at it.
  if (unsaved !== undefined) await beat();
  if (stopping.aborted) return written('released', (tx) => tx.jobs.release(job.id, { holder }));

  const error = failure!.error;
  const text = error instanceof Error ? error.message : String(error);
  if (job.attempts >= attempts && told === undefined) {
    log.error({ err: error, attempts: job.attempts }, 'a job was given up; `longshore jobs` shows it');
    return written('given-up', (tx) => tx.jobs.giveUp(job.id, { holder, error: text }));
  }
  const delayMs = retryDelay(told === undefined ? job.attempts : 1, context.random);
  log.warn({ err: error, attempts: job.attempts, delayMs }, 'a job failed and will be tried again');
  return written('failed', (tx) => tx.jobs.postpone(job.id, { holder, error: text, delayMs }));

  async function written(
    outcome: JobOutcome,
    work: Parameters<typeof metadata.write<boolean>>[0],
  ): Promise<JobOutcome> {
    try {
      return (await metadata.write(work)) ? outcome : 'lost';
    } catch (error) {
      log.warn({ err: error, outcome }, 'what came of a job could not be written; it will be taken over');
      return 'lost';
    }
  }
}
