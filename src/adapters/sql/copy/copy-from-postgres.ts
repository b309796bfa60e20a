/** Copies a PostgreSQL database as it is at one moment into a new SQLite file, ids and all, while nodes write to it. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Client } from 'pg';
import { connectSqlite } from '../sqlite/sqlite-connection.ts';
import { type CopiedTable, copiedTables } from './copied-tables.ts';

/** Manifests are up to 4 MiB each; nearly all are a thousandth of that. */
const BATCH_ROWS = 500;

/**
 * Reads everything in one snapshot that holds up nobody. `to` must not exist. Rejects with what either database throws; the file is no
 * database then.
 */
export async function copyFromPostgres(client: Client, to: string): Promise<void> {
  const target = connectSqlite(to);
  try {
    // A copy that was cut off is begun again, so that nothing needs to be synced before the end.
    target.exec('pragma synchronous = off');
    await client.query('begin isolation level repeatable read read only');
    target.exec('begin');
    for (const table of copiedTables) {
      await copyTable(client, target, table);
      if (table.counter !== undefined) await continueCounter(client, target, table.name, table.counter);
    }
    target.exec('commit');
    await client.query('commit');
    target.exec('pragma journal_mode = delete');
  } finally {
    await client.query('rollback').catch(() => undefined);
    target.close();
  }
}

async function copyTable(client: Client, target: DatabaseSync, { name, order }: CopiedTable): Promise<void> {
  const names = target
    .prepare('select name from pragma_table_info(?)')
    .all(name)
    .map((column) => String(column.name));
  const columns = names.map((column) => `"${column}"`).join(', ');
  const insert = target.prepare(`insert into ${name} (${columns}) values (${names.map(() => '?').join(', ')})`);
  await client.query(`declare rows no scroll cursor for select ${columns} from ${name} order by ${order}`);
  for (;;) {
    const { rows } = await client.query(`fetch ${BATCH_ROWS} from rows`);
    for (const row of rows) insert.run(...names.map((column) => row[column] as SQLInputValue));
    if (rows.length < BATCH_ROWS) break;
  }
  await client.query('close rows');
}

/** Ids of what was deleted are not handed out again either: page tokens and caches may know them. */
async function continueCounter(client: Client, target: DatabaseSync, table: string, column: string): Promise<void> {
  const { rows: sequences } = await client.query('select pg_get_serial_sequence($1, $2) as name', [table, column]);
  const { rows } = await client.query(`select last_value, is_called from ${String(sequences[0]?.name)}`);
  if (rows[0]?.is_called !== true) return;
  const last = Number(rows[0].last_value);
  target.prepare('delete from sqlite_sequence where name = ?').run(table);
  target.prepare('insert into sqlite_sequence (name, seq) values (?, ?)').run(table, last);
}
