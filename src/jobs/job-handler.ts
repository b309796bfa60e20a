/** What a kind of job must say of itself, and what it is handed when it is run. */
import type { Logger } from 'pino';
import type { JobRecord } from '../ports/records.ts';

export interface JobHandler {
  readonly kind: string;
  /**
   * Does the work; logic of its own stands in services. It may be run again after a part was done (its process died, another attempt), so it
   * is idempotent and goes on from `job.progress`. Returns or throws soon after `signal` is aborted; then the job goes to another process.
   */
  readonly run: (run: JobRun) => Promise<void>;
  /** Attempts without any progress between them before it is given up. */
  readonly attempts?: number;
  /** It takes minutes or more: one place is always left to jobs that do not. */
  readonly long?: boolean;
}

export interface JobRun {
  readonly job: JobRecord;
  /** Aborted when the process is ending, or when the job is not this process's any more. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /**
   * Remembers how far the job has got: shown to whoever asks, and handed to the next process should this one die. Call it only when something
   * was done, as the attempts are counted anew from here.
   */
  tell(progress: object): void;
}
