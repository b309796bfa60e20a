/** Brings a PostgreSQL database to the schema of this program. Says which versions ran in the table `migrations`. */
import type pg from 'pg';
import { DatabaseTooNew } from '../migrations/database-too-new.ts';
import type { Migration } from '../migrations/migration.ts';

/** Any number will do that other programs do not use for a lock in the same database: the bytes of “longshor”. */
const lockKey = '7813577642470993778';

/**
 * Runs the migrations that are still due, each in its own transaction. Several nodes may do so at once: one does it, the others wait and
 * find nothing left to do. Answers the versions it ran. Throws `DatabaseTooNew`, and whatever PostgreSQL throws.
 */
export async function migratePostgres(client: pg.ClientBase, migrations: readonly Migration[]): Promise<number[]> {
  const newest = migrations.at(-1)?.version ?? 0;
  const ran: number[] = [];
  if ((await stateOf(client)).version === newest) return ran;
  for (const migration of migrations) {
    // Waiting for another node, or rewriting a table, may take longer than a statement of a request.
    await client.query('begin; set local statement_timeout = 0; set local lock_timeout = 0');
    try {
      await client.query(`select pg_advisory_xact_lock(${lockKey})`);
      await client.query(
        `create table if not exists migrations (
          version integer primary key, name text not null, run_at bigint not null, oldest_program integer not null)`,
      );
      const { version, oldestProgram } = await stateOf(client);
      if (version > newest && oldestProgram > newest) throw new DatabaseTooNew(version, newest);
      if (version < migration.version) {
        await client.query(migration.postgres);
        await client.query('insert into migrations values ($1, $2, $3, $4)', [
          ...[migration.version, migration.name, Date.now(), migration.oldestProgram],
        ]);
        ran.push(migration.version);
      }
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    }
  }
  return ran;
}

/** The newest migration that the database has seen, 0 for an empty one, and the oldest program that may use it. */
async function stateOf(client: pg.ClientBase): Promise<{ version: number; oldestProgram: number }> {
  const [table] = (await client.query(`select to_regclass('migrations') is not null as exists`)).rows;
  if (!table.exists) return { version: 0, oldestProgram: 0 };
  const sql = 'select version, oldest_program from migrations order by version desc limit 1';
  const [row] = (await client.query(sql)).rows;
  return { version: row?.version ?? 0, oldestProgram: row?.oldest_program ?? 0 };
}
