/** The metadata port on PostgreSQL, for any number of nodes. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { KeepsFigures } from '../../../lib/figure.ts';
import { type Metadata, type MetadataChange, MetadataUnavailable } from '../../../ports/metadata.ts';
import { migrations } from '../migrations/migrations.ts';
import { type ChangeFeed, openChangeFeed } from './change-feed.ts';
import { checkServer, connectFailure } from './check-server.ts';
import { connectionConfig } from './connection-config.ts';
import { openConnectionPool } from './connection-pool.ts';
import { HeardClient } from './heard-client.ts';
import { migratePostgres } from './migrate-postgres.ts';
import { postgresEngine } from './postgres-engine.ts';
import { codeOf, toPortError } from './postgres-errors.ts';
import { postgresFigures } from './postgres-figures.ts';

export interface PostgresOptions {
  readonly url: string;
  /** Most connections, besides the one that hears of changes. */
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  /** How long lost connections are made up for, also at the start. */
  readonly retryTimeMs: number;
  /** PEM of the authorities that sign the server's certificate. */
  readonly ca?: string | undefined;
  /** What people call this node, and its version; shown in the table `nodes`. */
  readonly node?: { readonly address: string; readonly version: string };
  readonly log?: (level: 'info' | 'warn', message: string, details?: Record<string, unknown>) => void;
}

/**
 * Opens the database at `url` and brings its schema up to date. Rejects with an Error that says what to do when it cannot be used, with
 * `MetadataUnavailable` when it cannot be reached for `retryTimeMs`, and with `DatabaseTooNew` when a newer Longshore has upgraded it.
 */
export async function openPostgres(options: PostgresOptions): Promise<Metadata & KeepsFigures> {
  const { url, poolSize, statementTimeoutMs, retryTimeMs, log = () => undefined } = options;
  const config = connectionConfig({ url, statementTimeoutMs, ca: options.ca });
  await prepareDatabase(config, options, log);

  const listeners: ((change: MetadataChange) => void)[] = [];
  const feed: ChangeFeed = await openChangeFeed({
    connect: () => connect(config),
    node: options.node ?? { address: hostname(), version: 'unknown' },
    tell: (change) => {
      for (const listener of listeners) listener(change);
    },
    log,
  });
  // Questions are sent without waiting for the answers before them: BEGIN and the first statement take one round trip.
  const pool = openConnectionPool({
    config: { ...config, pipeline: true } as pg.ClientConfig,
    size: poolSize,
    waitMs: statementTimeoutMs,
  });
  const retries = { lost: 0, conflict: 0 };
  const engine = postgresEngine({
    pool,
    feed,
    listeners,
    retryTimeMs,
    waitMs: statementTimeoutMs,
    events: {
      onRetry(trouble, cause) {
        retries[trouble] += 1;
        const details = { code: codeOf(cause), reason: cause instanceof Error ? cause.message : String(cause) };
        if (trouble === 'lost') log('warn', 'the connection to PostgreSQL was lost and is tried again', details);
      },
    },
  });
  return { ...engine, figures: () => postgresFigures(pool, feed, retries) };
}

/** Looks at the server and migrates, on a connection of its own. A server that is just starting is waited for. */
async function prepareDatabase(
  config: pg.ClientConfig,
  { url, retryTimeMs }: PostgresOptions,
  log: NonNullable<PostgresOptions['log']>,
): Promise<void> {
  const until = performance.now() + retryTimeMs;
  for (;;) {
    try {
      const client = await connect(config);
      try {
        await checkServer(client);
        const ran = await migratePostgres(client, migrations);
        if (ran.length > 0) log('info', 'the schema of the database was brought up to date', { migrations: ran });
        return;
      } catch (error) {
        throw toPortError(error);
      } finally {
        await client.end();
      }
    } catch (error) {
      const failure = connectFailure(error, url);
      if (!(failure instanceof MetadataUnavailable) || performance.now() > until) throw failure;
      await sleep(200);
    }
  }
}

async function connect(config: pg.ClientConfig): Promise<pg.Client> {
  const client = new HeardClient(config);
  await client.connect();
  return client;
}
