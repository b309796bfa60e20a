/** What only SQLite can show: shared commits, locks of other processes, a full disk, a file that is no database. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { type Metadata, type MetadataChange, MetadataUnavailable } from '../../../ports/metadata.ts';
import { addRepository, registry, sampleRepository } from '../../../ports/metadata-contract/samples.ts';
import { openSqlite } from './open-sqlite.ts';
import { connectSqlite } from './sqlite-connection.ts';
import { sqliteEngine } from './sqlite-engine.ts';

describe('SQLite', () => {
  test('writers that wait at the same time share one commit', async (t) => {
    const metadata = sqliteEngine(connectSqlite(':memory:'));
    t.after(() => metadata.close());
    const ids: number[] = [];
    for (let index = 0; index < 50; index++) ids.push((await addRepository(metadata, { name: `r${index}` })).id);
    const told: MetadataChange[] = [];
    metadata.onChange((change) => told.push(change));
    await Promise.all(ids.map((id) => metadata.write((tx) => tx.repositories.setScanOnPush(id, true))));
    assert.deepEqual(told, [{ kind: 'repositories', ids: new Set(ids) }]);
  });

  test('who comes alone after many is not left waiting for others, not even by the end', async (t) => {
    const path = join(temporaryDirectory(t), 'longshore.db');
    const metadata = await openSqlite({ path });
    await Promise.all(Array.from({ length: 10 }, (_, index) => addRepository(metadata, { name: `r${index}` })));
    await addRepository(metadata, { name: 'alone' });
    const last = addRepository(metadata, { name: 'last' });
    await metadata.close();
    await last;
    const again = await openSqlite({ path });
    t.after(() => again.close());
    assert.equal(await again.read((tx) => tx.repositories.count(registry)), 12);
  });

  test('a commit is synced, references are kept', (t) => {
    const db = connectSqlite(join(temporaryDirectory(t), 'longshore.db'));
    t.after(() => db.close());
    const pragma = (name: string) => Object.values(db.prepare(`pragma ${name}`).get()!)[0];
    assert.equal(pragma('journal_mode'), 'wal');
    assert.equal(pragma('synchronous'), 2, 'FULL');
    assert.equal(pragma('foreign_keys'), 1);
  });

  test('the database is readable by its owner only, whatever the umask', async (t) => {
    const directory = join(temporaryDirectory(t), 'new', 'data');
    const path = join(directory, 'longshore.db');
    const umask = process.umask(0o000);
    try {
      const metadata = await openSqlite({ path });
      t.after(() => metadata.close());
      await addRepository(metadata);
    } finally {
      process.umask(umask);
    }
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    for (const file of [path, `${path}-wal`, `${path}-shm`]) assert.equal(statSync(file).mode & 0o777, 0o600, file);
  });

  test('what was acknowledged is there when the file is opened again', async (t) => {
    const path = join(temporaryDirectory(t), 'longshore.db');
    const first = await openSqlite({ path });
    const repository = await addRepository(first);
    await first.close();
    const second = await openSqlite({ path });
    t.after(() => second.close());
    assert.deepEqual(await second.read((tx) => tx.repositories.find(registry, repository.name)), repository);
  });

  test('a writer waits for another process without holding up the thread', async (t) => {
    const path = join(temporaryDirectory(t), 'longshore.db');
    const metadata = await openSqlite({ path });
    t.after(() => metadata.close());
    const other = holdLock(path, t);
    const adding = addRepository(metadata);
    // Reads are answered while the writer waits; a writer that blocked the thread would never let this loop end.
    for (let turn = 0; turn < 20; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(await metadata.read((tx) => tx.repositories.count(registry)), 0);
    }
    other.exec('commit');
    assert.equal((await adding).name, 'team/app');
  });

  test('a writer that waits too long is told, the next one gets its turn', async (t) => {
    const path = join(temporaryDirectory(t), 'longshore.db');
    const metadata = sqliteEngine(connectSqlite(path), { lockTimeoutMs: 0 });
    t.after(() => metadata.close());
    const other = holdLock(path, t);
    await assert.rejects(addRepository(metadata), (error) => error instanceof MetadataUnavailable && !error.full);
    other.exec('commit');
    assert.equal((await addRepository(metadata)).name, 'team/app');
  });

  test('a ping does not mind another process that writes', async (t) => {
    const path = join(temporaryDirectory(t), 'longshore.db');
    const metadata = await openSqlite({ path });
    t.after(() => metadata.close());
    holdLock(path, t);
    await metadata.ping();
  });

  test('on a full disk writers are told, nothing is half there, reads go on, and room mends it', async (t) => {
    const db = connectSqlite(join(temporaryDirectory(t), 'longshore.db'));
    const metadata = sqliteEngine(db);
    t.after(() => metadata.close());
    const small = await addRepository(metadata, { name: 'small' });
    // SQLite's own limit answers the same as a disk without room.
    const { page_count: pages } = db.prepare('pragma page_count').get() as { page_count: number };
    db.exec(`pragma max_page_count = ${pages}`);
    const tags = [{ Key: 'large', Value: 'x'.repeat(20_000) }];
    const outcomes = await Promise.allSettled(
      ['one', 'two', 'three'].map((name) =>
        metadata.write((tx) => tx.repositories.add(sampleRepository({ name, resourceTags: tags }))),
      ),
    );
    for (const outcome of outcomes) {
      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof MetadataUnavailable && outcome.reason.full);
    }
    assert.deepEqual(await names(metadata), ['small']);
    assert.deepEqual(await metadata.read((tx) => tx.repositories.find(registry, 'small')), small);
    db.exec('pragma max_page_count = 100000');
    await addRepository(metadata, { name: 'large', resourceTags: tags });
    assert.deepEqual(await names(metadata), ['large', 'small']);
  });

  test('a file that is no database is refused', async (t) => {
    const path = join(temporaryDirectory(t), 'longshore.db');
    writeFileSync(path, 'certainly not a database, but long enough to be looked at'.repeat(100));
    await assert.rejects(openSqlite({ path }), { name: 'MetadataUnavailable', message: 'The database is damaged.' });
  });

  test('an error of ours, not of the database, is handed through as it is', async (t) => {
    const metadata = sqliteEngine(connectSqlite(':memory:'));
    t.after(() => metadata.close());
    const reason = Object.assign(new Error('no such thing'), { code: 'ENOENT' });
    // biome-ignore lint/correctness/useYield: it throws before it asks.
    const throwing = function* (): Generator<never, never> {
      throw reason;
    };
    await assert.rejects(metadata.read(throwing), (error) => error === reason);
    await assert.rejects(metadata.write(throwing), (error) => error === reason);
  });
});

/** Another connection inside a write transaction, as another process would be. */
function holdLock(path: string, t: TestContext): DatabaseSync {
  const other = new DatabaseSync(path);
  t.after(() => other.close());
  other.exec('begin immediate');
  return other;
}

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-sqlite-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const names = (metadata: Metadata): Promise<string[]> =>
  metadata.read((tx) => tx.repositories.listNames(registry, { limit: 10 }));
