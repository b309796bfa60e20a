/** Brings a SQLite database to the schema of this program. Says which versions ran in the table `migrations`. */
import type { DatabaseSync } from 'node:sqlite';
import { DatabaseTooNew } from '../migrations/database-too-new.ts';
import type { Migration } from '../migrations/migration.ts';

/**
 * Runs the migrations that are still due, each in its own transaction. Two processes may do so at once: the second waits and
 * finds nothing left to do. Answers the versions it ran. Throws `DatabaseTooNew`, and whatever SQLite throws.
 */
export function migrateSqlite(db: DatabaseSync, migrations: readonly Migration[]): number[] {
  const newest = migrations.at(-1)?.version ?? 0;
  const ran: number[] = [];
  if (stateOf(db).version === newest) return ran;
  for (const migration of migrations) {
    db.exec('begin immediate');
    try {
      makeTable(db);
      const { version, oldestProgram } = stateOf(db);
      if (version > newest && oldestProgram > newest) throw new DatabaseTooNew(version, newest);
      if (version < migration.version) {
        db.exec(migration.sqlite);
        const insert = db.prepare('insert into migrations (version, name, run_at, oldest_program) values (?, ?, ?, ?)');
        insert.run(migration.version, migration.name, Date.now(), migration.oldestProgram);
        ran.push(migration.version);
      }
      db.exec('commit');
    } catch (error) {
      if (db.isTransaction) db.exec('rollback');
      throw error;
    }
  }
  return ran;
}

/** The table, also in a database of the first release, which did not say what may run beside it: only itself. */
function makeTable(db: DatabaseSync): void {
  db.exec(
    'create table if not exists migrations (version integer primary key, name text not null, run_at integer not null) strict',
  );
  if (!hasOldestProgram(db)) db.exec('alter table migrations add column oldest_program integer not null default 1');
}

/** The newest migration that the database has seen, 0 for an empty one, and the oldest program that may use it. */
function stateOf(db: DatabaseSync): { version: number; oldestProgram: number } {
  if (!hasOldestProgram(db)) return { version: 0, oldestProgram: 0 };
  const row = db.prepare('select version, oldest_program from migrations order by version desc limit 1').get();
  return { version: Number(row?.version ?? 0), oldestProgram: Number(row?.oldest_program ?? 0) };
}

function hasOldestProgram(db: DatabaseSync): boolean {
  return db.prepare("select 1 from pragma_table_info('migrations') where name = 'oldest_program'").get() !== undefined;
}
