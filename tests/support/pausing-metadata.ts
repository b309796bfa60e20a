/** A node that stops in the middle of a write, so that another can come in between: for the orders of events that chance seldom brings. */
import pg from 'pg';
import { metadataTx } from '../../src/adapters/sql/metadata-tx.ts';
import { connectionConfig } from '../../src/adapters/sql/postgres/connection-config.ts';
import { runStep } from '../../src/adapters/sql/postgres/run-step.ts';
import type { Call, LockRows, Step } from '../../src/adapters/sql/statement.ts';
import type { Metadata } from '../../src/ports/metadata.ts';

export interface PausingMetadata extends Metadata {
  /** The next write stops once this statement has been answered. */
  pauseAfter(statement: string): { readonly reached: Promise<void>; goOn(): void };
}

/** Reads and all else are those of `node`. Its writes run once, without a retry. */
export function pausingMetadata(node: Metadata, url: string): PausingMetadata {
  let pause: { statement: string; reach: () => void; released: Promise<void> } | undefined;

  async function stopAfter(step: Call | LockRows): Promise<void> {
    if (pause?.statement !== step.statement.name) return;
    const { reach, released } = pause;
    pause = undefined;
    reach();
    await released;
  }

  return {
    ...node,
    async write(work) {
      const client = new pg.Client(connectionConfig({ url, statementTimeoutMs: 20_000 }));
      await client.connect();
      try {
        await client.query('begin isolation level read committed');
        const unit = work(metadataTx);
        let next = unit.next();
        while (!next.done) {
          const step = next.value as Step;
          const answer = step.kind === 'changed' ? undefined : await runStep(client, step, { locking: true });
          if (step.kind !== 'changed') await stopAfter(step);
          next = unit.next(answer);
        }
        await client.query('commit');
        return next.value;
      } finally {
        // Rolls back what is not committed.
        await client.end();
      }
    },
    pauseAfter(statement) {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      pause = { statement, reach: reached.resolve, released: released.promise };
      return { reached: reached.promise, goOn: released.resolve };
    },
  };
}

/** Resolves when `other` has come to its end, or waits for a lock in the database. */
export async function settledOrWaiting(url: string, other: Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let settled = false;
  const done = () => {
    settled = true;
  };
  other.then(done, done);
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  try {
    while (!settled && (await client.query(waiting)).rowCount === 0) await new Promise((next) => setTimeout(next, 5));
  } finally {
    await client.end();
  }
}
