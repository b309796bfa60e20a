/** A filled database to PostgreSQL and back: nothing may differ, and nothing may be half there. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, type TestContext, test } from 'node:test';
import pg from 'pg';
import {
  openPostgresDatabases,
  type PostgresDatabases,
  postgresMissing,
} from '../../../../tests/support/postgres-server.ts';
import { migrations } from '../migrations/migrations.ts';
import { migratePostgres } from '../postgres/migrate-postgres.ts';
import { connectSqlite } from '../sqlite/sqlite-connection.ts';
import { copiedTables } from './copied-tables.ts';
import { copyPostgres, fillPostgres, nodesOfPostgres, refuseUsedPostgres } from './postgres-copies.ts';

const skip = postgresMissing() ?? false;
let databases: PostgresDatabases;
before(async () => {
  if (!skip) databases = await openPostgresDatabases();
});
after(() => databases?.stop());

/** The filled database that every version must bring up to date, brought up to date. */
async function filledDatabase(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-copy-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const fixtures = new URL('../migrations/fixtures/', import.meta.url);
  const newest = (await readdir(fixtures))
    .filter((name) => /^\d{4}-[^.]+\.sql$/.test(name))
    .sort()
    .at(-1)!;
  const path = join(directory, 'filled.db');
  const db = new DatabaseSync(path);
  db.exec(await readFile(new URL(newest, fixtures), 'utf8'));
  // A manifest as large as they get, every byte there is, and a batch's worth of rows.
  const bytes = Buffer.from(Array.from({ length: 4 * 1024 * 1024 }, (_, at) => at % 256));
  db.exec('update images set last_pulled_at = 1795000000000 where id = (select max(id) from images)');
  db.prepare('update manifests set bytes = ? where image_id = (select max(image_id) from manifests)').run(bytes);
  const blob = db.prepare(
    'insert into blobs (digest, size, location, fingerprint, damaged, shown, created_at, verified_at) values (?, ?, ?, ?, 0, 0, 1, 1)',
  );
  db.exec('begin');
  for (let at = 0; at < 4500; at++) blob.run(`sha256:${at}`, 2 ** 40 + at, `place "${at}" \\ ü`, '');
  db.exec("delete from blobs where digest = 'sha256:4499'; commit");
  db.close();
  connectSqlite(path).close();
  return path;
}

function contentsOf(path: string): Record<string, unknown> {
  const db = new DatabaseSync(path, { readOnly: true });
  const tables = copiedTables.map(({ name, order }) => [
    name,
    db.prepare(`select * from ${name} order by ${order}`).all(),
  ]);
  const counters = db.prepare('select name, seq from sqlite_sequence order by name').all();
  db.close();
  const counted = new Set(copiedTables.flatMap(({ name, counter }) => (counter === undefined ? [] : [name])));
  return {
    ...Object.fromEntries(tables),
    counters: counters.filter(({ name, seq }) => counted.has(String(name)) && seq !== 0),
  };
}

test('everything comes back from PostgreSQL as it went there, and ids go on', { skip }, async (t) => {
  const path = await filledDatabase(t);
  const url = await databases.createDatabase();
  await refuseUsedPostgres({ url });
  await fillPostgres(path, { url });
  await copyPostgres({ url }, `${path}.back`);
  const expected = contentsOf(path);
  assert.equal((expected.blobs as unknown[]).length > 4499, true);
  assert.deepEqual(contentsOf(`${path}.back`), expected);

  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.after(() => client.end());
  const insert = `insert into blobs (digest, size, location, fingerprint, damaged, shown, created_at, verified_at)
    values ('sha256:new', 1, 'new', '', 0, 0, 1, 1) returning id::int`;
  const { rows } = await client.query(insert);
  const last = (expected.counters as { name: string; seq: number }[]).find(({ name }) => name === 'blobs')!.seq;
  assert.equal(rows[0]?.id, last + 1, 'the id of the deleted one is not given out again');
  assert.deepEqual(await nodesOfPostgres({ url }), []);
});

test('indexes and foreign keys are those of any other database afterwards', { skip }, async (t) => {
  const [filled, fresh] = [await databases.createDatabase(), await databases.createDatabase()];
  await fillPostgres(await filledDatabase(t), { url: filled });
  const shapeOf = async (url: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await migratePostgres(client, migrations);
      const indexes = await client.query(
        "select indexdef as definition from pg_indexes where schemaname = 'public' order by 1",
      );
      const constraints = await client.query(
        `select conrelid::regclass::text as of, conname, pg_get_constraintdef(oid) as definition, convalidated
          from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2`,
      );
      return [indexes.rows, constraints.rows];
    } finally {
      await client.end();
    }
  };
  const shape = await shapeOf(filled);
  assert.ok(shape.every((rows) => rows.length > 10));
  assert.deepEqual(shape, await shapeOf(fresh));
});

test('a database that holds an installation is refused and left alone', { skip }, async (t) => {
  const path = await filledDatabase(t);
  const url = await databases.createDatabase();
  await fillPostgres(path, { url });
  await assert.rejects(refuseUsedPostgres({ url }), { name: 'TargetInUse' });
  await assert.rejects(fillPostgres(path, { url }), { name: 'TargetInUse' });
});

test('of two copies at once one comes about', { skip }, async (t) => {
  const path = await filledDatabase(t);
  const url = await databases.createDatabase();
  const results = await Promise.allSettled([fillPostgres(path, { url }), fillPostgres(path, { url })]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('a copy that fails leaves the database empty', { skip }, async (t) => {
  const path = await filledDatabase(t);
  const db = new DatabaseSync(path);
  db.exec("insert into schedules values ('impossible ' || char(0), 1)");
  db.close();
  const url = await databases.createDatabase();
  await assert.rejects(fillPostgres(path, { url }));
  await refuseUsedPostgres({ url });
});
