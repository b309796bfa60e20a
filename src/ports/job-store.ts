/**
 * The queue of work without a request (design, section 7). A job is inserted in the transaction that makes it necessary, is worked on by
 * one process at a time under a lease, and stays as a row until somebody has seen what came of it.
 *
 * All times are taken from the database's own clock, so that nodes whose clocks differ agree on what is due and whose lease is over.
 * What is counted in ms from now may be negative in tests: a lease of -1 ms is over already.
 */
import type { JobRecord, JobState } from './records.ts';
import type { Work } from './work.ts';

export interface NewJob {
  readonly kind: string;
  /** What it is about, such as the id of a repository; empty where there is only one of the kind. */
  readonly subject: string;
  /** Anything that JSON can hold. */
  readonly payload?: unknown;
  /** Larger ones are begun first; 0 when left out. */
  readonly priority?: number;
  /** When it is due, in ms from now; at once when left out. */
  readonly delayMs?: number;
}

/** One kind and state. */
export interface JobStatistics {
  readonly kind: string;
  readonly state: Exclude<JobState, 'done'>;
  readonly count: number;
  /** For how long the oldest that waits could have been begun; 0 when none could. */
  readonly oldestDueMs: number;
}

export interface JobPage {
  /** The last id seen: listed are those below it, newest first. */
  readonly before?: number;
  readonly limit: number;
  /** All states when left out. */
  readonly state?: JobState;
}

export interface JobStore {
  /**
   * Queues a job. At most one of a kind and subject waits: when there is one, it takes the new payload, the higher priority and the
   * earlier time of both. One that runs already may have passed what this one is about, so it does not count. Answers the job that waits.
   */
  add(job: NewJob): Work<JobRecord>;
  find(id: number): Work<JobRecord | undefined>;
  /** The job of this kind and subject that runs, else the one that waits. */
  findActive(kind: string, subject: string): Work<JobRecord | undefined>;
  /** Whether `claim` would find something; takes no lock. */
  isDue(kinds: readonly string[]): Work<boolean>;
  /**
   * Takes the most urgent job of these kinds for `holder`: one whose lease is over (its process has died), else one that is due, by
   * priority, time and age. Counts an attempt. No two of one kind and subject run at a time; no two callers get the same.
   */
  claim(by: { kinds: readonly string[]; holder: string; leaseMs: number }): Work<JobRecord | undefined>;
  /**
   * Renews the lease and keeps `progress` when given. Answers false when the job is not this holder's any more: then the work must end. With
   * `further`, the attempts are counted from here: a long job is not given up because many processes died over it.
   */
  heartbeat(id: number, by: { holder: string; leaseMs: number; progress?: unknown; further?: boolean }): Work<boolean>;
  /** The job is done. Answers false, and changes nothing, when it is not this holder's. */
  finish(id: number, by: { holder: string; progress?: unknown }): Work<boolean>;
  /**
   * The attempt failed: it waits again, due in `delayMs`. When another of its kind and subject waits, the two become one, due at the earlier
   * time. Answers false, and changes nothing, when it is not this holder's.
   */
  postpone(id: number, by: { holder: string; error: string; delayMs: number }): Work<boolean>;
  /** The attempt was broken off for no fault of the job: it waits again, due at once, and the attempt does not count. */
  release(id: number, by: { holder: string }): Work<boolean>;
  /** No further attempt is made, until somebody asks for one. */
  giveUp(id: number, by: { holder: string; error: string }): Work<boolean>;
  /**
   * Lets a job that was given up wait again, due at once, with all its attempts; another one of its kind and subject that waits becomes one
   * with it. Answers it, or undefined when none of this id was given up.
   */
  retry(id: number): Work<JobRecord | undefined>;
  /** Removes a job that does not run. Answers whether it did. */
  remove(id: number): Work<boolean>;
  list(page: JobPage): Work<JobRecord[]>;
  /** Of all that is not done. */
  statistics(): Work<JobStatistics[]>;
  /** Answers true to one caller of the cluster for each slot (a number that grows), and false for slots before one that was taken. */
  takeSlot(schedule: string, slot: number): Work<boolean>;
  /** Removes up to `limit` jobs in this state that nothing has happened to for so long. Answers how many. */
  prune(of: { state: 'done' | 'given-up'; olderThanMs: number; limit: number }): Work<number>;
}
