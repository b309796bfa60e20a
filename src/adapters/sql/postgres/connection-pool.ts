/**
 * The connections of a node. Whoever waits for one waits in order, and writers leave some to readers: many pushes to one repository wait
 * for each other inside PostgreSQL, and nobody else should wait with them.
 */
import pg from 'pg';
import { MetadataUnavailable } from '../../../ports/metadata.ts';
import { DatabaseFailed } from './database-failed.ts';
import { HeardClient } from './heard-client.ts';
import { troubleOf } from './postgres-errors.ts';

export interface ConnectionPool {
  /**
   * Runs `use` on a connection of its own. One that `use` lost, or has called `broken`, is closed afterwards. Rejects with
   * DatabaseFailed when none is to be had, with MetadataUnavailable when all are busy for too long, and as `use` does.
   */
  with<T>(purpose: 'read' | 'write', use: (connection: PooledConnection) => Promise<T>): Promise<T>;
  /** Connections that are open, and calls that wait for one. */
  readonly figures: { readonly open: number; readonly waiting: number };
  /** Everything must have been given back. */
  end(): Promise<void>;
}

export interface PooledConnection {
  readonly client: pg.PoolClient;
  /** Not to be used again. */
  broken(): void;
  /** Given back only after this has ended, though nobody waits for it. */
  endsWith(last: Promise<unknown>): void;
}

export interface ConnectionPoolOptions {
  readonly config: pg.ClientConfig;
  readonly size: number;
  /** How long a call waits for a connection when all are in use. */
  readonly waitMs: number;
}

/** So that after a change of the server behind its address, all nodes are on the new one in the end. */
const lifetimeSeconds = 30 * 60;

export function openConnectionPool({ config, size, waitMs }: ConnectionPoolOptions): ConnectionPool {
  const limits = { max: size, maxLifetimeSeconds: lifetimeSeconds, idleTimeoutMillis: 60_000 };
  const pool = new pg.Pool({ ...config, ...limits, Client: HeardClient });
  // An idle connection that ends is replaced when it is needed; who needs it is told then.
  pool.on('error', () => undefined);
  const turns = openTurns(size, Math.max(1, size - Math.ceil(size / 4)), waitMs);

  return {
    async with(purpose, use) {
      const leave = await turns.enter(purpose);
      let client: pg.PoolClient;
      try {
        client = await pool.connect();
      } catch (error) {
        leave();
        throw new DatabaseFailed(error);
      }
      let isBroken = false;
      let last: Promise<unknown> = Promise.resolve();
      const breaks = () => {
        isBroken = true;
      };
      client.on('error', breaks);
      const giveBack = () => {
        client.removeListener('error', breaks);
        client.release(isBroken);
        leave();
      };
      try {
        return await use({
          client,
          broken: breaks,
          endsWith: (promise) => {
            last = promise.catch(breaks);
          },
        });
      } catch (error) {
        if (error instanceof DatabaseFailed && troubleOf(error.cause) === 'lost') isBroken = true;
        throw error;
      } finally {
        last.then(giveBack);
      }
    },
    get figures() {
      return { open: pool.totalCount, waiting: turns.waiting };
    },
    end: () => pool.end(),
  };
}

interface Turns {
  /** Resolves with what to call at the end. */
  enter(purpose: 'read' | 'write'): Promise<() => void>;
  readonly waiting: number;
}

interface Waiter {
  readonly purpose: 'read' | 'write';
  readonly admit: () => void;
}

function openTurns(all: number, forWriters: number, waitMs: number): Turns {
  const waiters = new Set<Waiter>();
  let inUse = 0;
  let writing = 0;

  const hasRoom = (purpose: Waiter['purpose']) => inUse < all && (purpose === 'read' || writing < forWriters);

  function take(purpose: Waiter['purpose']): () => void {
    const writers = purpose === 'write' ? 1 : 0;
    inUse += 1;
    writing += writers;
    return () => {
      inUse -= 1;
      writing -= writers;
      for (const waiter of waiters) {
        if (inUse === all) return;
        if (hasRoom(waiter.purpose)) waiter.admit();
      }
    };
  }

  return {
    enter(purpose) {
      if (hasRoom(purpose)) return Promise.resolve(take(purpose));
      return new Promise((resolve, reject) => {
        const waiter: Waiter = {
          purpose,
          admit() {
            waiters.delete(waiter);
            clearTimeout(timer);
            resolve(take(purpose));
          },
        };
        const timer = setTimeout(() => {
          waiters.delete(waiter);
          reject(new MetadataUnavailable('All connections to PostgreSQL have been busy for too long.'));
        }, waitMs);
        waiters.add(waiter);
      });
    },
    get waiting() {
      return waiters.size;
    },
  };
}
