/**
 * Lets those of this process who are about to wait for the same lock wait here, in order, and not in PostgreSQL: there each would hold a
 * connection that others need, and to hand a lock from one to the next costs more. Nothing true hangs on it; the lock itself still decides.
 */
import { MetadataUnavailable } from '../../../ports/metadata.ts';
import type { Step } from '../statement.ts';

export interface LocalTurns {
  /** Runs `use` when no other of the same key runs; without a key at once. Rejects with MetadataUnavailable when that takes too long. */
  take<T>(key: string | undefined, use: () => Promise<T>): Promise<T>;
}

export function localTurns(waitMs: number): LocalTurns {
  /** Those who wait, for each key that somebody has. */
  const queues = new Map<string, (() => void)[]>();

  function leave(key: string): void {
    const next = queues.get(key)?.shift();
    if (next === undefined) queues.delete(key);
    else next();
  }

  function admission(queue: (() => void)[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(admit), 1);
        reject(new MetadataUnavailable('Too many wait to change the same.'));
      }, waitMs);
      queue.push(admit);
    });
  }

  return {
    async take(key, use) {
      if (key === undefined) return use();
      const queue = queues.get(key);
      if (queue === undefined) queues.set(key, []);
      else await admission(queue);
      try {
        return await use();
      } finally {
        leave(key);
      }
    },
  };
}

/** Of a unit that begins by locking something for itself: a name for what. */
export function turnOf(first: Step): string | undefined {
  if (first.kind !== 'first' || first.lock !== 'exclusive') return undefined;
  return `${first.statement.name} ${JSON.stringify(first.args)}`;
}
