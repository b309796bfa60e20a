/** Every released version of a filled database comes up to date and keeps what it held. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { DatabaseTooNew } from '../migrations/database-too-new.ts';
import type { Migration } from '../migrations/migration.ts';
import { migrations } from '../migrations/migrations.ts';
import { migrateSqlite } from './migrate-sqlite.ts';
import { sqliteEngine } from './sqlite-engine.ts';

const fixtures = join(import.meta.dirname, '../migrations/fixtures');
const databases = readdirSync(fixtures)
  .filter((file) => file.endsWith('.sql'))
  .sort();
const registry = { accountId: '000000000000', region: 'us-east-1' };

describe('migrations', () => {
  test('are numbered without gaps, and each has a fixture', () => {
    assert.deepEqual(
      migrations.map((migration) => migration.version),
      migrations.map((_, index) => index + 1),
    );
    const names = migrations.map(({ version, name }) => `${String(version).padStart(4, '0')}-${name}.sql`);
    assert.deepEqual(databases, names);
  });

  for (const file of databases) {
    test(`a database filled at ${file} comes up to date with all it held`, async () => {
      const db = new DatabaseSync(':memory:');
      db.exec(readFileSync(join(fixtures, file), 'utf8'));
      const from = Number(file.slice(0, 4));
      assert.deepEqual(
        migrateSqlite(db, migrations),
        migrations.map((migration) => migration.version).filter((version) => version > from),
      );
      assert.deepEqual(schemaOf(db), schemaOf(migrated()), 'the same schema as that of a new database');
      assert.deepEqual(db.prepare('pragma foreign_key_check').all(), []);

      const metadata = sqliteEngine(db);
      await metadata.read(function* (tx) {
        const repository = yield* tx.repositories.find(registry, 'team/app');
        assert.equal(repository?.tagMutability, 'IMMUTABLE_WITH_EXCLUSION');
        assert.deepEqual(repository?.exclusionFilters, [{ filterType: 'WILDCARD', filter: 'dev*' }]);
        assert.deepEqual(repository?.resourceTags, [{ Key: 'team', Value: 'shore’s' }]);
        const image = yield* tx.images.findByReference(registry, 'team/app', { tag: 'v1' });
        assert.equal(Buffer.from(image!.manifest).toString(), '{"image":1}');
        assert.deepEqual((yield* tx.images.summary(image!.id))?.tags, ['v1', 'Latest']);
        const layer = yield* tx.layers.find(repository!.id, `sha256:${'1'.repeat(64)}`);
        assert.deepEqual([layer?.referenced, layer?.blob.size], [true, 1234]);
        assert.equal((yield* tx.images.parents(repository!.id, image!.digest)).length, 1);
        assert.equal((yield* tx.images.listReferrers(repository!.id, image!.digest, { limit: 9 })).length, 1);
        assert.equal((yield* tx.uploads.find('upload-1'))?.offset, 77);
        const key = yield* tx.accounts.findAccessKey('AKIAIOSFODNN7EXAMPLE');
        assert.equal(Buffer.from(key!.sealedSecret).toString(), 'sealed');
      });
      await metadata.close();
    });
  }

  test('a second run does nothing', () => {
    const db = migrated();
    assert.deepEqual(migrateSqlite(db, migrations), []);
    db.close();
  });

  test('one that fails leaves the database at the version before', () => {
    const db = migrated();
    const broken: Migration = {
      version: migrations.length + 1,
      name: 'broken',
      oldestProgram: 1,
      postgres: '',
      sqlite: 'create table half (a integer) strict; create table nonsense (',
    };
    const before = schemaOf(db);
    assert.throws(() => migrateSqlite(db, [...migrations, broken]), /incomplete input|syntax error/);
    assert.deepEqual(schemaOf(db), before);
    const mended = { ...broken, sqlite: 'create table whole (a integer) strict' };
    assert.deepEqual(migrateSqlite(db, [...migrations, mended]), [mended.version]);
    db.close();
  });

  test('a database of a newer program is refused and left as it is', () => {
    const next: Migration = {
      version: migrations.length + 1,
      name: 'next',
      oldestProgram: migrations.length + 1,
      postgres: '',
      sqlite: 'create table later (a integer) strict',
    };
    const db = migrated([...migrations, next]);
    const before = schemaOf(db);
    assert.throws(
      () => migrateSqlite(db, migrations),
      (error) => error instanceof DatabaseTooNew && error.message.includes(`${next.version}`),
    );
    assert.deepEqual(schemaOf(db), before);
    db.close();
  });

  test('a program that opens what another has just made finds it ready', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'longshore-migrate-'));
    const path = join(directory, 'longshore.db');
    const one = new DatabaseSync(path);
    const two = new DatabaseSync(path);
    try {
      const ran = [migrateSqlite(one, migrations), migrateSqlite(two, migrations)];
      assert.deepEqual(ran, [migrations.map((migration) => migration.version), []]);
    } finally {
      one.close();
      two.close();
      await rm(directory, { recursive: true });
    }
  });
});

function migrated(all: readonly Migration[] = migrations): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  migrateSqlite(db, all);
  return db;
}

const schemaOf = (db: DatabaseSync): unknown[] =>
  db.prepare("select type, name, tbl_name, sql from sqlite_schema where name not like 'sqlite_%' order by name").all();
