/** One connection to a SQLite database: how it is opened, and how statements are prepared and run on it. */
import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { sqliteDialect } from '../dialects/sqlite.ts';
import { migrations } from '../migrations/migrations.ts';
import type { Call, CompiledStatement, LockRows, Statement } from '../statement.ts';
import { migrateSqlite } from './migrate-sqlite.ts';

/** How long opening waits for another process that is opening, migrating or recovering the same database. */
const openTimeoutMs = 10_000;
/** How long a statement may hold up the thread for a lock. Writers that wait longer do so without holding it (sqlite-engine.ts). */
export const busyTimeoutMs = 2;

/** Opens the database, makes it when it is not there, and brings it to the present schema. Throws what SQLite throws. */
export function connectSqlite(path: string): DatabaseSync {
  const created = path === ':memory:' ? [] : createPrivately(path);
  const db = new DatabaseSync(path, { timeout: openTimeoutMs });
  try {
    for (const pragma of pragmas) db.exec(`pragma ${pragma}`);
    migrateSqlite(db, migrations);
    // After the log file exists too. Without this a power cut may lose the names, whatever was synced inside the files.
    for (const directory of created) syncDirectory(directory);
    db.exec(`pragma busy_timeout = ${busyTimeoutMs}`);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

const pragmas = [
  // Readers and one writer at a time do not wait for each other, and a commit is one append and one sync.
  'journal_mode = wal',
  // A commit returns when it is on the disk. NORMAL would lose the last commits in a power cut.
  'synchronous = full',
  'foreign_keys = on',
  // KiB. What is not there is read through the page cache of the system. A mapped file (mmap_size) was no faster, and a disk
  // that fails would kill the process instead of failing a query.
  'cache_size = -16384',
  // Pages of 4 KiB. See README for how often and how long a checkpoint holds up a commit.
  'wal_autocheckpoint = 4000',
  'journal_size_limit = 67108864',
  'temp_store = memory',
];

/**
 * Makes an empty file that only its owner may read, since SQLite would take the rights of the umask. Answers the directories
 * that have got a new entry.
 */
function createPrivately(path: string): string[] {
  const directory = dirname(resolve(path));
  const outermost = mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return [];
    throw error;
  }
  const changed = [directory];
  if (outermost === undefined) return changed;
  for (let made = directory; made !== dirname(outermost); made = dirname(made)) changed.push(dirname(made));
  return changed;
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Runs calls on the connection, each statement prepared at its first use. Throws what SQLite throws. */
export function executor(db: DatabaseSync): (call: Call | LockRows) => unknown {
  const prepared = new Map<Statement<never, unknown>, { query: StatementSync; bind: CompiledStatement['bind'] }>();
  return ({ kind, statement, args }) => {
    // Whoever writes is alone.
    if (kind === 'lock') return undefined;
    let known = prepared.get(statement);
    if (known === undefined) {
      const { sql, bind } = statement.compile(sqliteDialect);
      known = { query: db.prepare(sql), bind };
      prepared.set(statement, known);
    }
    const values = known.bind(args) as SQLInputValue[];
    if (kind === 'first') return known.query.get(...values);
    if (kind === 'all') return known.query.all(...values);
    return Number(known.query.run(...values).changes);
  };
}
