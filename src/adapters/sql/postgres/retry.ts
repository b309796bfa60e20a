/** Asks again after what passes: conflicts with other transactions, and connections that broke before anything was committed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseFailed } from './database-failed.ts';
import { codeOf, toPortError, troubleOf } from './postgres-errors.ts';

/** Enough for a row that many write: those who wait for a lock are let in one by one, only deadlocks and twins come here. */
const mostConflicts = 10;
/** A constraint that still does not hold is broken for good, by a mistake of ours. */
const mostViolations = 5;
const longestPauseMs = 500;

export interface RetryEvents {
  onRetry(trouble: 'conflict' | 'lost', cause: unknown): void;
}

/**
 * Answers what `attempt` answers. Rejects with what it rejects with, but for DatabaseFailed: that is tried again, and when that does not help
 * rejected as the port names it. `retryTimeMs` bounds how long lost connections are made up for.
 */
export async function retrying<T>(attempt: () => Promise<T>, retryTimeMs: number, events: RetryEvents): Promise<T> {
  const until = performance.now() + retryTimeMs;
  let conflicts = 0;
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof DatabaseFailed)) throw error;
      const trouble = troubleOf(error.cause);
      if (trouble === 'conflict') conflicts += 1;
      const pause = pauseMs(trouble === 'conflict' ? 4 : 25, attempts);
      const isWorthIt =
        trouble === 'conflict'
          ? conflicts < (codeOf(error.cause)?.startsWith('23') ? mostViolations : mostConflicts)
          : trouble === 'lost' && performance.now() + pause < until;
      if (!isWorthIt) throw toPortError(error.cause);
      events.onRetry(trouble as 'conflict' | 'lost', error.cause);
      await sleep(pause);
    }
  }
}

/** Jittered, so that those who hindered each other do not meet again. */
function pauseMs(first: number, attempts: number): number {
  return Math.min(longestPauseMs, first * 2 ** (attempts - 1)) * (0.5 + Math.random() / 2);
}
