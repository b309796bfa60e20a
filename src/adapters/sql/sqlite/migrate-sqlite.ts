/** Brings a SQLite database to the schema of this program. Says which versions ran in the table `migrations`. */
import type { DatabaseSync } from 'node:sqlite';
import type { Migration } from '../migrations/migration.ts';

/** The database was made by a newer Longshore than this one. */
export class DatabaseTooNew extends Error {
  override readonly name = 'DatabaseTooNew';
}

/**
 * Runs the migrations that are still due, each in its own transaction. Two processes may do so at once: the second waits and
 * finds nothing left to do. Answers the versions it ran. Throws `DatabaseTooNew`, and whatever SQLite throws.
 */
export function migrateSqlite(db: DatabaseSync, migrations: readonly Migration[]): number[] {
  const newest = migrations.at(-1)?.version ?? 0;
  const ran: number[] = [];
  if (versionOf(db) === newest) return ran;
  db.exec(
    'create table if not exists migrations (version integer primary key, name text not null, run_at integer not null) strict',
  );
  for (const migration of migrations) {
    db.exec('begin immediate');
    try {
      const version = versionOf(db);
      if (version > newest) {
        throw new DatabaseTooNew(
          `The database has schema version ${version}, this program knows only up to ${newest}. ` +
            'Start a newer Longshore, or restore a backup made before the upgrade.',
        );
      }
      if (version < migration.version) {
        db.exec(migration.sqlite);
        const insert = db.prepare('insert into migrations (version, name, run_at) values (?, ?, ?)');
        insert.run(migration.version, migration.name, Date.now());
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

/** The newest migration the database has seen; 0 for an empty one. */
function versionOf(db: DatabaseSync): number {
  const table = db.prepare("select 1 from sqlite_schema where type = 'table' and name = 'migrations'").get();
  if (table === undefined) return 0;
  const row = db.prepare('select max(version) as version from migrations').get();
  return Number(row?.version ?? 0);
}
