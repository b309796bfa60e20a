/** One attempt to run a unit of work on one connection. What is retried, and when, is said in retry.ts. */
import type pg from 'pg';
import { MetadataUnavailable } from '../../../ports/metadata.ts';
import type { Work } from '../../../ports/work.ts';
import type { Step } from '../statement.ts';
import type { Announcement, ChangeFeed } from './change-feed.ts';
import type { PooledConnection } from './connection-pool.ts';
import { DatabaseFailed } from './database-failed.ts';
import { troubleOf } from './postgres-errors.ts';
import { drive, onlyReads, runStep } from './run-step.ts';

/** A unit of work that has been asked for its first step, and has one. */
export interface BegunUnit<T> {
  readonly work: Work<T>;
  readonly first: IteratorYieldResult<unknown>;
}

const beginRead = 'begin isolation level repeatable read read only';
/** Said although it is the default, which a database can change. */
const beginWrite = 'begin isolation level read committed read write';

/** All steps see one snapshot. Rejects with DatabaseFailed and what the unit throws. */
export async function readInTransaction<T>(
  connection: PooledConnection,
  unit: BegunUnit<T>,
): Promise<{ readonly value: T; readonly steps: number }> {
  let steps = 0;
  const value = await inTransaction(connection, beginRead, async (ask) =>
    drive(unit.work, unit.first, (step) => {
      if (step.kind === 'changed' || step.kind === 'lock') return Promise.resolve();
      steps += 1;
      return ask(step, { locking: false });
    }),
  );
  // There is nothing to keep: the reader need not wait for it.
  connection.endsWith(connection.client.query('commit'));
  return { value, steps };
}

/**
 * Resolves when the commit is durable, with what there is to settle. Rejects with DatabaseFailed when nothing was committed for certain,
 * with MetadataUnavailable when nobody knows, and with what the unit throws.
 */
export async function writeInTransaction<T>(
  connection: PooledConnection,
  unit: BegunUnit<T>,
  feed: ChangeFeed,
): Promise<{ readonly value: T; readonly announcement: Announcement | undefined }> {
  const changes = new Set<number | 'everything'>();
  let announcement: Announcement | undefined;
  const value = await inTransaction(connection, beginWrite, async (ask) => {
    const result = await drive(unit.work, unit.first, async (step) => {
      if (step.kind !== 'changed') return ask(step, { locking: true });
      changes.add(step.repositoryId);
      return undefined;
    });
    if (changes.size > 0) announcement = await feed.announce(changes);
    return result;
  });
  try {
    await commit(connection, announcement?.commit ?? 'commit');
  } catch (error) {
    if (announcement !== undefined) feed.abandon(announcement);
    throw error;
  }
  return { value, announcement };
}

type Ask = (step: Exclude<Step, { kind: 'changed' }>, options: { readonly locking: boolean }) => Promise<unknown>;

/** Runs `use` in a transaction and leaves it open, or rolled back when `use` throws. */
async function inTransaction<T>(
  connection: PooledConnection,
  begin: string,
  use: (ask: Ask) => Promise<T>,
): Promise<T> {
  const { client } = connection;
  // Not waited for: the first question goes with it, in the same round trip.
  const begun = client.query(begin).catch((error: unknown) => {
    throw new DatabaseFailed(error);
  });
  begun.catch(() => undefined);
  let isFirst = true;
  try {
    const value = await use(async (step, options) => {
      // What changes something must not be run by itself, should the transaction not have begun.
      if (isFirst && !onlyReads(step)) await begun;
      isFirst = false;
      return runStep(client, step, options);
    });
    await begun;
    return value;
  } catch (error) {
    undo(connection, error);
    throw error;
  }
}

function undo(connection: PooledConnection, error: unknown): void {
  if (error instanceof DatabaseFailed && troubleOf(error.cause) === 'lost') connection.broken();
  else connection.endsWith(connection.client.query('rollback'));
}

async function commit(connection: PooledConnection, sql: string): Promise<void> {
  let results: pg.QueryResult | pg.QueryResult[];
  try {
    results = await connection.client.query(sql);
  } catch (error) {
    const failed = new DatabaseFailed(error);
    undo(connection, failed);
    if (troubleOf(error) !== 'lost') throw failed;
    // The commit may be there or not, and to run the unit again could do it twice.
    throw new MetadataUnavailable('The connection to PostgreSQL broke while it was committing.', { cause: error });
  }
  const last = Array.isArray(results) ? results.at(-1) : results;
  if (last?.command !== 'COMMIT') throw new Error(`PostgreSQL answered ${last?.command} to a commit.`);
}
