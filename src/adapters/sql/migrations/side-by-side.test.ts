/**
 * A migration first only expands: the program of the version before goes on beside the new one while nodes are upgraded, and one that is
 * restarted in between starts. Whatever an old program asks must be answered, and what it adds must have what is new filled in for it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import {
  openPostgresDatabases,
  type PostgresDatabases,
  postgresMissing,
} from '../../../../tests/support/postgres-server.ts';
import { type CompiledStatements, compiledStatements } from '../compiled-statements.ts';
import { migratePostgres } from '../postgres/migrate-postgres.ts';
import { migrateSqlite } from '../sqlite/migrate-sqlite.ts';
import type { Migration } from './migration.ts';
import { migrations } from './migrations.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const newest = migrations.at(-1)!;

/** Programs that may run on the newest schema, by the version they were released with. */
const programs = readdirSync(fixtures)
  .filter((file) => file.endsWith('.statements.json'))
  .map((file) => ({
    version: Number(file.slice(0, 4)),
    asks: JSON.parse(readFileSync(join(fixtures, file), 'utf8')) as CompiledStatements,
  }))
  .filter(({ version }) => version >= newest.oldestProgram);

/** Migrations that an old program does not live through, each in its own way. */
const breaking: readonly { readonly why: RegExp; readonly sql: string }[] = [
  { why: /digest/, sql: 'alter table images drop column subject_digest' },
  { why: /uploads/, sql: 'alter table uploads rename to transfers' },
  { why: /layers\.origin/, sql: `alter table layers add column origin text not null` },
];

const next = (sql: string): Migration => ({
  version: newest.version + 1,
  name: 'next',
  oldestProgram: newest.version,
  sqlite: sql,
  postgres: sql,
});

describe('programs side by side', () => {
  test('the fixture of the newest version is what this program asks', () => {
    const own = programs.find(({ version }) => version === newest.version);
    assert.deepEqual(compiledStatements(), own?.asks, 'run: node scripts/write-sql-fixture.ts');
  });

  test('no migration shuts out the program before it without saying so, nor opens to one that another shut out', () => {
    for (const [index, { oldestProgram, version }] of migrations.entries()) {
      assert.ok(oldestProgram <= version);
      assert.ok(oldestProgram >= (migrations[index - 1]?.oldestProgram ?? 1));
    }
  });

  describe('on SQLite', () => {
    for (const { version, asks } of programs) {
      test(`what the program of version ${version} asks is answered`, () => {
        assert.deepEqual(flawsOnSqlite(migrations, version, asks), []);
      });
    }
    for (const { sql, why } of breaking) {
      // SQLite itself refuses to add such a column.
      if (/not null/.test(sql)) continue;
      test(`is broken by: ${sql}`, () => {
        // A view and an index hold on to the column there.
        const free = sql.includes('subject_digest') ? 'drop index images_by_subject;' : '';
        const flaws = flawsOnSqlite([...migrations, next(free + sql)], newest.version, compiledStatements());
        assert.match(flaws.join('\n'), why);
      });
    }

    test('an old program starts on a newer schema that says it may, and on no other', () => {
      const later = next('create table later (a integer)');
      for (const oldestProgram of [newest.version, later.version]) {
        const db = new DatabaseSync(':memory:');
        migrateSqlite(db, [...migrations, { ...later, oldestProgram }]);
        const start = () => migrateSqlite(db, migrations);
        if (oldestProgram === newest.version) assert.deepEqual(start(), []);
        else assert.throws(start, { name: 'DatabaseTooNew' });
        db.close();
      }
    });
  });

  describe('on PostgreSQL', { skip: postgresMissing() ?? false }, () => {
    let databases: PostgresDatabases;
    before(async () => {
      databases = await openPostgresDatabases();
    });
    after(() => databases?.stop());

    async function onDatabase<T>(use: (client: pg.Client, url: string) => Promise<T>): Promise<T> {
      const url = await databases.createDatabase();
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        return await use(client, url);
      } finally {
        await client.end();
      }
    }

    for (const { version, asks } of programs) {
      test(`what the program of version ${version} asks is answered`, () =>
        onDatabase(async (client) => assert.deepEqual(await flawsOnPostgres(client, migrations, version, asks), [])));
    }
    for (const { sql, why } of breaking) {
      test(`is broken by: ${sql}`, () =>
        onDatabase(async (client) => {
          const all = [...migrations, next(sql)];
          const flaws = await flawsOnPostgres(client, all, newest.version, compiledStatements());
          assert.match(flaws.join('\n'), why);
        }));
    }

    test('an old program starts on a newer schema that says it may, and on no other', async () => {
      const later = next('create table later (a integer)');
      for (const oldestProgram of [newest.version, later.version]) {
        await onDatabase(async (client) => {
          await migratePostgres(client, [...migrations, { ...later, oldestProgram }]);
          const start = migratePostgres(client, migrations);
          if (oldestProgram === newest.version) assert.deepEqual(await start, []);
          else await assert.rejects(start, { name: 'DatabaseTooNew' });
        });
      }
    });

    test('of nodes that start at once one migrates', () =>
      onDatabase(async (_, url) => {
        const clients = Array.from({ length: 5 }, () => new pg.Client({ connectionString: url }));
        await Promise.all(clients.map((client) => client.connect()));
        const ran = await Promise.all(clients.map((client) => migratePostgres(client, migrations)));
        await Promise.all(clients.map((client) => client.end()));
        assert.deepEqual(
          ran.flat().toSorted(),
          migrations.map(({ version }) => version),
        );
      }));

    test('one that fails leaves the database at the version before', () =>
      onDatabase(async (client) => {
        const broken = next('create table half (a integer); create table nonsense (');
        await assert.rejects(migratePostgres(client, [...migrations, broken]), /syntax error/);
        const { rows } = await client.query(
          `select to_regclass('half') as half, max(version) as version from migrations`,
        );
        assert.deepEqual(rows, [{ half: null, version: newest.version }]);
        assert.deepEqual(await migratePostgres(client, migrations), []);
      }));

    test('has the tables, columns and indexes of SQLite, but for what only one of them needs', () =>
      onDatabase(async (client) => {
        await migratePostgres(client, migrations);
        const columns = await client.query(
          `select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public'`,
        );
        const indexes = await client.query(
          `select relname as name from pg_class join pg_index on indexrelid = pg_class.oid
           left join pg_constraint on conindid = indexrelid
           where relnamespace = 'public'::regnamespace and pg_constraint.oid is null`,
        );
        const db = new DatabaseSync(':memory:');
        migrateSqlite(db, migrations);
        const here = db
          .prepare(
            `select m.name || '.' || p.name as name from sqlite_schema m, pragma_table_info(m.name) p
             where m.type in ('table', 'view') and m.name not like 'sqlite_%'`,
          )
          .all();
        const indexesHere = db.prepare(`select name from sqlite_schema where type = 'index' and sql is not null`).all();
        db.close();
        const names = (rows: readonly object[]) =>
          rows
            .map((row) => String((row as { name: string }).name))
            .filter((name) => !/^(?:nodes|changes)\./.test(name))
            .toSorted();
        assert.deepEqual(names(columns.rows), names(here));
        assert.deepEqual(names(indexes.rows), names(indexesHere));
      }));
  });
});

function flawsOnSqlite(all: readonly Migration[], version: number, { sqlite }: CompiledStatements): string[] {
  const db = new DatabaseSync(':memory:');
  migrateSqlite(db, all.slice(0, version));
  // SQLite does not add a column that has neither a default nor may be null, so that what is added is always complete.
  migrateSqlite(db, all);
  const flaws: string[] = [];
  for (const [name, sql] of Object.entries(sqlite)) {
    try {
      db.prepare(sql);
    } catch (error) {
      flaws.push(`${name}: ${(error as Error).message}`);
    }
  }
  db.close();
  return flaws;
}

async function flawsOnPostgres(
  client: pg.Client,
  all: readonly Migration[],
  version: number,
  { postgres }: CompiledStatements,
): Promise<string[]> {
  const required = async () => {
    const { rows } = await client.query(
      `select table_name || '.' || column_name as name from information_schema.columns
       where table_schema = 'public' and is_nullable = 'NO' and column_default is null and is_identity = 'NO' and table_name in
         (select table_name from information_schema.tables where table_type = 'BASE TABLE')`,
    );
    return new Set<string>(rows.map((row) => row.name));
  };
  const tables = async () => {
    const { rows } = await client.query(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    return new Set<string>(rows.map((row) => row.name));
  };
  await migratePostgres(client, all.slice(0, version));
  const [requiredBefore, tablesBefore] = [await required(), await tables()];
  await migratePostgres(client, all);
  const flaws = [...(await required())].filter(
    (column) => !requiredBefore.has(column) && tablesBefore.has(column.split('.')[0]!),
  );
  for (const [name, sql] of Object.entries(postgres)) {
    try {
      await client.query(`prepare asked as ${sql}`);
      await client.query('deallocate asked');
    } catch (error) {
      flaws.push(`${name}: ${(error as Error).message}`);
    }
  }
  return flaws;
}
