/** A SQLite database, looked at without changing a byte of it, beside a running server too. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { good, type HealthFinding, problem } from '../../../ports/health-finding.ts';
import { migrations } from '../migrations/migrations.ts';
import { schemaFinding } from './check-postgres-health.ts';

const ABOUT = 'database';

export function checkSqliteHealth(path: string): HealthFinding[] {
  if (!existsSync(path)) return [good(ABOUT, `${path} is not there yet; the first start makes it`)];
  try {
    const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    try {
      return [checkPages(db), checkSchema(db)];
    } finally {
      db.close();
    }
  } catch (error) {
    return [
      problem(
        ABOUT,
        `${path} cannot be read (${(error as Error).message})`,
        'Look at rights and disk; if the file is damaged, `longshore restore` brings back a backup.',
      ),
    ];
  }
}

/** What all processes of the installation agreed on under this name; undefined before that. */
export function installationValueOfSqlite(path: string, name: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  try {
    const made = db.prepare("select 1 from sqlite_schema where name = 'installation'").get() !== undefined;
    const row = made ? db.prepare('select value from installation where name = ?').get(name) : undefined;
    return row === undefined ? undefined : String(row.value);
  } finally {
    db.close();
  }
}

/** The tree of the small tables; reading all pages of a large database would take minutes (`longshore verify` reads all that counts). */
function checkPages(db: DatabaseSync): HealthFinding {
  for (const table of ['accounts', 'access_keys', 'repositories']) {
    const result = String(db.prepare(`pragma quick_check('${table}')`).get()?.quick_check);
    if (result !== 'ok')
      return problem(
        ABOUT,
        `the table ${table} is damaged: ${result}`,
        'Stop the server and restore a backup (`longshore restore`).',
      );
  }
  return good(
    ABOUT,
    `SQLite ${String(db.prepare('select sqlite_version() as version').get()?.version)}, readable and sound`,
  );
}

function checkSchema(db: DatabaseSync): HealthFinding {
  const newest = migrations.at(-1)?.version ?? 0;
  const tells =
    db.prepare("select 1 from pragma_table_info('migrations') where name = 'oldest_program'").get() !== undefined;
  const row = db
    .prepare(
      `select version, ${tells ? 'oldest_program' : '1 as oldest_program'} from migrations order by version desc limit 1`,
    )
    .get();
  return schemaFinding(Number(row?.version ?? 0), Number(row?.oldest_program ?? 0), newest);
}
