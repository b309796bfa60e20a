/**
 * Drives units of work on PostgreSQL: the regime is READ COMMITTED with the locks that finders take for writes, one snapshot for reads.
 * See README, “On PostgreSQL”.
 */
import { type Metadata, type MetadataChange, type MetadataTx, MetadataUnavailable } from '../../../ports/metadata.ts';
import type { Work } from '../../../ports/work.ts';
import { metadataTx } from '../metadata-tx.ts';
import type { Call, Step } from '../statement.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { DatabaseFailed } from './database-failed.ts';
import { expectedSteps } from './expected-steps.ts';
import { localTurns, turnOf } from './local-turns.ts';
import { toPortError } from './postgres-errors.ts';
import { type RetryEvents, retrying } from './retry.ts';
import { runStep } from './run-step.ts';
import { type BegunUnit, readInTransaction, writeInTransaction } from './transaction.ts';

export interface PostgresEngineOptions {
  readonly pool: ConnectionPool;
  readonly feed: ChangeFeed;
  /** Those to tell; the feed tells them too. */
  readonly listeners: ((change: MetadataChange) => void)[];
  /** How long lost connections are made up for. */
  readonly retryTimeMs: number;
  /** How long a write waits for others of this process that change the same. */
  readonly waitMs: number;
  readonly events: RetryEvents;
}

/** The metadata port on a database that is migrated. */
export function postgresEngine({
  pool,
  feed,
  listeners,
  retryTimeMs,
  waitMs,
  events,
}: PostgresEngineOptions): Metadata {
  const expected = expectedSteps();
  const turns = localTurns(waitMs);
  const running = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  /** Keeps account of who must be waited for at the end. */
  function run<T>(attempt: () => Promise<T>): Promise<T> {
    if (closing !== undefined) return Promise.reject(new MetadataUnavailable('The database has been closed.'));
    const promise = retrying(attempt, retryTimeMs, events);
    running.add(promise);
    const done = () => running.delete(promise);
    promise.then(done, done);
    return promise;
  }

  async function read<T>(work: (tx: MetadataTx) => Work<T>): Promise<T> {
    const unit = begin(work);
    if (unit.first.done) return unit.first.value;
    const { statement } = unit.first.value as Call;
    if (expected.isOne(statement)) {
      const answer = await pool.with('read', ({ client }) =>
        runStep(client, unit.first.value as Call, { locking: false }),
      );
      const next = unit.work.next(answer);
      expected.learn(statement, next.done === true);
      if (next.done) return next.value;
    }
    // Begins anew: what the first step answered belongs to another snapshot.
    const { value, steps } = await pool.with('read', (connection) =>
      readInTransaction(connection, begin(work) as BegunUnit<T>),
    );
    expected.learn(statement, steps <= 1);
    return value;
  }

  async function write<T>(work: (tx: MetadataTx) => Work<T>): Promise<T> {
    const unit = begin(work);
    if (unit.first.done) return unit.first.value;
    const { value, announcement } = await turns.take(turnOf(unit.first.value as Step), () =>
      pool.with('write', (connection) => writeInTransaction(connection, unit as BegunUnit<T>, feed)),
    );
    if (announcement !== undefined) feed.settle(announcement);
    return value;
  }

  async function close(): Promise<void> {
    await Promise.allSettled(running);
    await feed.close();
    await pool.end();
  }

  return {
    read: (work) => run(() => read(work)),
    write: (work) => run(() => write(work)),
    refresh: () => feed.refresh(),
    onChange: (listener) => void listeners.push(listener),

    async ping() {
      if (closing !== undefined) throw new MetadataUnavailable('The database has been closed.');
      const standby = await pool
        .with('read', async ({ client }) => {
          try {
            return (await client.query('select pg_is_in_recovery() as standby')).rows[0].standby;
          } catch (error) {
            throw new DatabaseFailed(error);
          }
        })
        .catch((error: unknown) => {
          throw error instanceof DatabaseFailed ? toPortError(error.cause) : error;
        });
      if (standby) throw new MetadataUnavailable('PostgreSQL only lets us read: it is a standby, or in recovery.');
    },

    close: () => (closing ??= close()),
  };
}

function begin<T>(work: (tx: MetadataTx) => Work<T>): { work: Work<T>; first: IteratorResult<unknown, T> } {
  const begun = work(metadataTx);
  return { work: begun, first: begun.next() };
}
