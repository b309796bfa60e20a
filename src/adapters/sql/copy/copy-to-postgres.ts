/**
 * Copies a SQLite database into an empty PostgreSQL one, ids and all, in one transaction: wholly or not at all. Rows travel as JSON, a batch
 * at a time, and PostgreSQL turns them into its own types; memory stays flat whatever the size.
 */
import { DatabaseSync } from 'node:sqlite';
import type { Client } from 'pg';
import { TargetInUse } from '../../../ports/new-installation.ts';
import { type CopiedTable, copiedTables } from './copied-tables.ts';

/** What of a batch is on its way at once: rows, and characters of JSON (a manifest is up to 4 MiB, twice that as text). */
const BATCH_ROWS = 2000;
const BATCH_CHARACTERS = 4 * 1024 * 1024;

/**
 * `client` is connected to a database with the present schema and without an installation. Rejects with TargetInUse when it has one, and with
 * what either database throws; nothing is changed then.
 */
export async function copyToPostgres(from: string, client: Client): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true });
  try {
    await client.query('begin');
    await refuseInstallation(client);
    const rebuild = await setAsideIndexes(client);
    for (const table of copiedTables) {
      const copied = await copyTable(source, client, table);
      await compareCounts(client, table.name, copied);
      if (table.counter !== undefined) await continueCounter(source, client, table.name, table.counter);
    }
    for (const statement of rebuild) await client.query(statement);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    source.close();
  }
  // The planner knows nothing of tables that were filled at once.
  await client.query('analyze');
}

async function refuseInstallation(client: Client): Promise<void> {
  // Of two that copy at once, the second waits here and then finds what the first has made.
  await client.query('lock table accounts in share row exclusive mode');
  const { rows } = await client.query(
    'select exists (select from accounts) or exists (select from repositories) or exists (select from blobs) as used',
  );
  if (rows[0]?.used === true) {
    throw new TargetInUse('There is an installation in that PostgreSQL database already. Choose an empty database.');
  }
}

/**
 * Drops indexes and foreign keys and answers the statements that make them again: over all rows at once they cost a fraction of what
 * they cost row by row. Others see none of it, since it is one transaction.
 */
async function setAsideIndexes(client: Client): Promise<string[]> {
  const names = copiedTables.map(({ name }) => name);
  const { rows: keys } = await client.query(
    `select conrelid::regclass::text as of, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
      from pg_constraint where contype = 'f' and conrelid = any ($1::regclass[])`,
    [names],
  );
  const { rows: indexes } = await client.query(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
      from pg_index where indrelid = any ($1::regclass[])
      and not exists (select from pg_constraint where conindid = indexrelid)`,
    [names],
  );
  for (const { of, name } of keys) await client.query(`alter table ${of} drop constraint ${name}`);
  for (const { name } of indexes) await client.query(`drop index ${name}`);
  return [
    ...indexes.map(({ definition }) => String(definition)),
    ...keys.map(({ of, name, definition }) => `alter table ${of} add constraint ${name} ${definition}`),
  ];
}

async function copyTable(source: DatabaseSync, client: Client, { name, order }: CopiedTable): Promise<number> {
  const columns = source
    .prepare('select name from pragma_table_info(?)')
    .all(name)
    .map((column) => `"${String(column.name)}"`)
    .join(', ');
  const insert = `insert into ${name} (${columns}) overriding system value select ${columns} from json_populate_recordset(null::${name}, $1::json)`;
  let copied = 0;
  let batch: string[] = [];
  let characters = 0;
  // One batch is on its way while the next one is read.
  let sending: Promise<unknown> = Promise.resolve();
  const send = async () => {
    await sending;
    if (batch.length === 0) return;
    sending = client.query(insert, [`[${batch.join(',')}]`]);
    // Met by the next await; until then it must not count as unhandled.
    sending.catch(() => undefined);
    copied += batch.length;
    batch = [];
    characters = 0;
  };
  for (const row of source.prepare(`select ${columns} from ${name} order by ${order}`).iterate()) {
    const text = JSON.stringify(row, asPostgresReadsIt);
    batch.push(text);
    characters += text.length;
    if (batch.length >= BATCH_ROWS || characters >= BATCH_CHARACTERS) await send();
  }
  await send();
  await sending;
  return copied;
}

/** Bytes as PostgreSQL writes them down. */
function asPostgresReadsIt(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array
    ? `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
    : value;
}

async function compareCounts(client: Client, table: string, copied: number): Promise<void> {
  const { rows } = await client.query(`select count(*) as count from ${table}`);
  if (Number(rows[0]?.count) !== copied)
    throw new Error(`${table} has ${String(rows[0]?.count)} rows in PostgreSQL and ${copied} in the source`);
}

/** Ids of what was deleted are not handed out again either: page tokens and caches may know them. */
async function continueCounter(source: DatabaseSync, client: Client, table: string, column: string): Promise<void> {
  const last = Number(source.prepare('select seq from sqlite_sequence where name = ?').get(table)?.seq ?? 0);
  if (last > 0) await client.query('select setval(pg_get_serial_sequence($1, $2), $3)', [table, column, last]);
}
