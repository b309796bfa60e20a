/** What a backup or a move asks of a PostgreSQL database as a whole, each on a connection of its own. */
import { rmSync } from 'node:fs';
import type pg from 'pg';
import { TargetInUse } from '../../../ports/new-installation.ts';
import { migrations } from '../migrations/migrations.ts';
import { checkServer, connectFailure } from '../postgres/check-server.ts';
import { connectionConfig } from '../postgres/connection-config.ts';
import { HeardClient } from '../postgres/heard-client.ts';
import { migratePostgres } from '../postgres/migrate-postgres.ts';
import { copyFromPostgres } from './copy-from-postgres.ts';
import { copyToPostgres } from './copy-to-postgres.ts';

export interface PostgresPlace {
  readonly url: string;
  readonly ca?: string | undefined;
}

/** Large tables are counted and analysed here; no request waits for it. */
const STATEMENT_TIMEOUT_MS = 60 * 60_000;

/** Writes a copy of the database to a new file. Rejects with MetadataUnavailable, and with errors that say what to do. */
export async function copyPostgres(from: PostgresPlace, to: string): Promise<void> {
  for (const ending of ['', '-wal', '-shm', '-journal']) rmSync(to + ending, { force: true });
  await connected(from, (client) => copyFromPostgres(client, to));
}

/** Rejects with TargetInUse when there is an installation in the database, and as `copyPostgres` does. */
export async function refuseUsedPostgres(place: PostgresPlace): Promise<void> {
  await connected(place, async (client) => {
    const { rows } = await client.query("select to_regclass('accounts') is not null as made");
    if (rows[0]?.made !== true) return;
    const { rows: found } = await client.query('select 1 from accounts limit 1');
    if (found.length > 0)
      throw new TargetInUse(
        'There is an installation in that PostgreSQL database already. Choose an empty database, or drop that one and make it again.',
      );
  });
}

/** Makes the copy at `from` the database: wholly or not at all. Rejects as `refuseUsedPostgres` does. */
export async function fillPostgres(from: string, place: PostgresPlace): Promise<void> {
  await connected(place, async (client) => {
    await migratePostgres(client, migrations);
    await copyToPostgres(from, client);
  });
}

/** What the nodes call themselves that serve the database now. */
export function nodesOfPostgres(place: PostgresPlace): Promise<string[]> {
  return connected(place, async (client) => {
    const { rows } = await client.query(
      'select address from nodes where lease_until > clock_timestamp() order by address',
    );
    return rows.map(({ address }) => String(address));
  });
}

async function connected<T>({ url, ca }: PostgresPlace, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new HeardClient(connectionConfig({ url, ca, statementTimeoutMs: STATEMENT_TIMEOUT_MS }));
  try {
    await client.connect();
  } catch (error) {
    throw connectFailure(error, url);
  }
  try {
    await checkServer(client);
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
