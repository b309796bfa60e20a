/** A node as small as it can be: a feed of changes, a cache, and counters in a table, to see whether what it remembers stays true. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  type ChangeFeed,
  type Changes,
  type FeedTiming,
  openChangeFeed,
} from '../../src/adapters/sql/postgres/change-feed.ts';
import { createChangeAwareCache } from '../../src/services/ecr/change-aware-cache.ts';

export interface FeedNode {
  readonly feed: ChangeFeed;
  /** The connection that the feed uses now. */
  readonly listener: () => pg.Client;
  /** The counter, from memory where the feed allows it. */
  read(id: number): Promise<number>;
  /** How many reads were answered from memory. */
  readonly remembered: () => number;
  /** Adds 1 and answers the sum, as a writer is answered. */
  increment(id: number): Promise<number>;
  /** Whether the feed gets a connection when it asks for one. */
  reachable: boolean;
  close(): Promise<void>;
}

/**
 * How the node writes: `asks` as the engine does; the others are wrong ways, for tests that must find them wrong: `tells` does not wait,
 * `silent` does not even tell.
 */
export type WayToWrite = 'asks' | 'tells' | 'silent';

export const counterTable = 'create table counters (id bigint primary key, value bigint not null)';

/** Resolves when the node is known to all others. */
export async function openFeedNode(
  url: string,
  { way = 'asks', timing = {} }: { way?: WayToWrite; timing?: Partial<FeedTiming> } = {},
): Promise<FeedNode> {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on('error', () => undefined);
  const reach = { reachable: true };
  let listener: pg.Client | undefined;
  let remembered = 0;
  const cache = createChangeAwareCache<{ value: number }>({ maxWeight: 1000, weigh: () => 1 });
  const feed = await openChangeFeed({
    async connect() {
      if (!reach.reachable) throw new Error('No route to PostgreSQL.');
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      listener = client;
      return client;
    },
    node: { address: 'test', version: '0' },
    tell: (change) => cache.forget(change),
    timing,
  });

  while (!feed.fresh()) await sleep(5);

  async function commit(client: pg.PoolClient, changes: Changes): Promise<void> {
    if (way !== 'asks') {
      const ids = [...changes].join(',');
      await client.query(way === 'silent' ? 'commit' : `notify longshore_changes, 'committed 00ff 1 ${ids}'; commit`);
      cache.forget({ kind: 'repositories', ids: changes as ReadonlySet<number> });
      return;
    }
    const announcement = await feed.announce(changes);
    try {
      await client.query(announcement.commit);
    } catch (error) {
      feed.abandon(announcement);
      throw error;
    }
    feed.settle(announcement);
  }

  async function attempt(id: number): Promise<number | undefined> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const { rows } = await client.query<{ value: string }>(
        'update counters set value = value + 1 where id = $1 returning value',
        [id],
      );
      await commit(client, new Set([id]));
      return Number(rows[0]!.value);
    } catch (error) {
      broken = error as Error;
      if ((error as { code?: string }).code === '40001') return undefined;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  return Object.assign(reach, {
    feed,
    listener: () => listener!,
    remembered: () => remembered,
    async read(id: number) {
      feed.refresh();
      const found = cache.get(String(id));
      if (found !== undefined) {
        remembered += 1;
        return found.value;
      }
      const versionBefore = cache.version;
      const { rows } = await pool.query<{ value: string }>('select value from counters where id = $1', [id]);
      const value = Number(rows[0]!.value);
      cache.put(String(id), id, { value }, versionBefore);
      return value;
    },
    /** Runs again what is refused because the lease had ended, as the engine does. */
    async increment(id: number): Promise<number> {
      for (;;) {
        const value = await attempt(id);
        if (value !== undefined) return value;
      }
    },
    async close() {
      await feed.close();
      if (!pool.ended) await pool.end();
    },
  });
}
