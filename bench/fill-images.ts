/**
 * Puts very many images straight into the database of a Longshore that is stopped: pushing a million would take half an hour. Each has a
 * tag, a manifest of its own, and all the layers that the repository has, as real ones of one application would share them.
 */
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

export interface Filling {
  /** A file of SQLite or the URL of a PostgreSQL database. */
  readonly database: string;
  readonly repository: string;
  readonly count: number;
  readonly log: (text: string) => void;
}

const batch = 100_000;

export async function fillImages({ database, repository, count, log }: Filling): Promise<void> {
  const onPostgres = database.startsWith('postgres');
  const { run, close } = onPostgres ? await openPostgres(database) : openSqlite(database);
  try {
    for (let first = 1; first <= count; first += batch) {
      for (const sql of fillSql(onPostgres, repository, first, Math.min(count, first + batch - 1))) await run(sql);
      log(`${Math.min(count, first + batch - 1)} of ${count} images filled in`);
    }
    await run('analyze');
  } finally {
    await close();
  }
}

function fillSql(onPostgres: boolean, repository: string, first: number, last: number): string[] {
  const numbers = onPostgres
    ? `(select generate_series(${first}, ${last})::bigint as i) as n`
    : `(with recursive n (i) as (select ${first} union all select i + 1 from n where i < ${last}) select i from n) as n`;
  const here = `(select id from repositories where name = '${repository}' and deleted = 0)`;
  // Spread like digests are, and never twice the same.
  const mixed = '((i * 2654435761) & 4294967295)';
  const digest = onPostgres
    ? `'sha256:' || lpad(to_hex(${mixed}), 8, '0') || lpad(to_hex(i), 56, '0')`
    : `'sha256:' || printf('%08x', ${mixed}) || printf('%056x', i)`;
  const name = onPostgres ? "'m' || lpad(pushed_at::text, 7, '0')" : "'m' || printf('%07d', pushed_at)";
  const bytes = onPostgres ? "decode(repeat('20', 1000), 'hex')" : 'zeroblob(1000)';
  // A number of this filling that its rows can be found by again.
  const filled = `images.repository_id = ${here} and images.pushed_at between ${first} and ${last}`;
  return [
    `insert into images (repository_id, digest, media_type, manifest_size, image_size, tagged, pushed_at)
      select ${here}, ${digest}, 'application/vnd.oci.image.manifest.v1+json', 1000, 5596, 1, i from ${numbers}`,
    `insert into manifests (image_id, bytes) select id, ${bytes} from images where ${filled}`,
    `insert into image_layers (image_id, layer_id)
      select images.id, layers.id from images join layers on layers.repository_id = images.repository_id where ${filled}`,
    `insert into tags (repository_id, tag, fold, image_id, updated_at)
      select repository_id, ${name}, ${name}, id, pushed_at from images where ${filled}`,
  ];
}

interface Database {
  run(sql: string): unknown;
  close(): unknown;
}

function openSqlite(path: string): Database {
  const db = new DatabaseSync(path);
  db.exec('pragma synchronous = off');
  return { run: (sql) => db.exec(sql), close: () => db.close() };
}

async function openPostgres(url: string): Promise<Database> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return { run: (sql) => client.query(sql), close: () => client.end() };
}
