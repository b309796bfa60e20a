/**
 * Keeps a number of things below a limit without counting them at every addition: counting 100,000 rows takes milliseconds.
 * After a count, a sixteenth of what was left may be added before the next one: so near the limit every addition counts, and so many processes
 * together do not add more than there is room for.
 */
import { LRUCache } from 'lru-cache';
import type { Work } from '../../ports/work.ts';

export interface Quota<Key> {
  readonly limit: number;
  /** Whether one more fits. Part of a unit of work; `count` is asked only when it must be. */
  hasRoom(key: Key, count: () => Work<number>): Work<boolean>;
  /** Call after the commit of each addition. */
  added(key: Key): void;
}

const remembered = 1_000;
/** More than are likely to serve one database. */
const processes = 16;

export function createQuota<Key extends string | number>(limit: number): Quota<Key> {
  const uncountedAdditions = new LRUCache<Key, { left: number }>({ max: remembered });
  return {
    limit,
    *hasRoom(key, count) {
      if ((uncountedAdditions.get(key)?.left ?? 0) > 0) return true;
      const room = limit - (yield* count());
      // Setting it again in a rerun does no harm.
      uncountedAdditions.set(key, { left: Math.floor(room / processes) });
      return room > 0;
    },
    added(key) {
      const additions = uncountedAdditions.get(key);
      if (additions !== undefined) additions.left -= 1;
    },
  };
}
