/** Other processes forget what was changed, all of it, and no more; across pruned rows, everything. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import type { Metadata, MetadataChange } from '../../../ports/metadata.ts';
import { addLayer, addRepository } from '../../../ports/metadata-contract/samples.ts';
import { openChangeLog } from './change-log.ts';
import { connectSqlite } from './sqlite-connection.ts';
import { sqliteEngine } from './sqlite-engine.ts';

describe('change log', () => {
  test('a refresh tells the repositories that another process has changed, once', async (t) => {
    const { here, there, told } = twoEngines(t);
    const one = await addRepository(here, { name: 'one' });
    const two = await addRepository(here, { name: 'two' });
    await addRepository(here, { name: 'three' });
    here.refresh();
    assert.deepEqual(told, []);
    await there.write((tx) => tx.repositories.setScanOnPush(one.id, true));
    await there.write((tx) => tx.repositories.setScanOnPush(two.id, true));
    here.refresh();
    assert.deepEqual(told.splice(0), [{ kind: 'repositories', ids: new Set([one.id, two.id]) }]);
    here.refresh();
    assert.deepEqual(told, []);
  });

  test('what another process adds is not told, and writes no row', async (t) => {
    const { here, there, told, db } = twoEngines(t);
    const { id } = await addRepository(there);
    await addLayer(there, id, 'layer');
    here.refresh();
    assert.deepEqual(told, []);
    assert.equal(rows(db).length, 0);
  });

  test('a writer tells with its own change what others have changed before it', async (t) => {
    const { here, there, told } = twoEngines(t);
    const one = await addRepository(here, { name: 'one' });
    const two = await addRepository(here, { name: 'two' });
    await there.write((tx) => tx.repositories.setScanOnPush(one.id, true));
    await here.write((tx) => tx.repositories.setScanOnPush(two.id, true));
    assert.deepEqual(told.splice(0), [{ kind: 'repositories', ids: new Set([one.id, two.id]) }]);
    here.refresh();
    assert.deepEqual(told, []);
  });

  test('what one process commits itself is no news to it', async (t) => {
    const { here, there, told } = twoEngines(t);
    const { id } = await addRepository(here);
    await addRepository(there, { name: 'there' });
    await here.write((tx) => tx.repositories.setScanOnPush(id, true));
    told.length = 0;
    here.refresh();
    assert.deepEqual(told, []);
  });

  test('a unit that throws leaves no row, those beside it do', async (t) => {
    const { here, there, told, db } = twoEngines(t);
    const one = await addRepository(here, { name: 'one' });
    const two = await addRepository(here, { name: 'two' });
    await Promise.allSettled([
      there.write(function* (tx) {
        yield* tx.repositories.setScanOnPush(one.id, true);
        throw new Error('no');
      }),
      there.write((tx) => tx.repositories.setScanOnPush(two.id, true)),
    ]);
    assert.deepEqual(rows(db), [two.id]);
    here.refresh();
    assert.deepEqual(told, [{ kind: 'repositories', ids: new Set([two.id]) }]);
  });

  test('what concerns no one repository, and what concerns very many, is everything', async (t) => {
    const { here, there, told, db } = twoEngines(t);
    await there.write((tx) => tx.accounts.add({ accountId: '333333333333', createdAt: 1 }));
    await there.write((tx) => tx.accounts.delete('333333333333'));
    here.refresh();
    assert.deepEqual(told.splice(0), [{ kind: 'everything' }]);
    const log = openChangeLog(db);
    db.exec('begin immediate');
    log.append(new Set(Array.from({ length: 1000 }, (_, index) => index + 1))).committed();
    db.exec('commit');
    here.refresh();
    assert.deepEqual(told, [{ kind: 'everything' }]);
    assert.deepEqual(rows(db), [0, 0]);
  });

  test('rows are kept in bounded number, and who comes too late for them is told everything', async (t) => {
    const { here, db, told } = twoEngines(t);
    const log = openChangeLog(db);
    const append = (count: number) => {
      db.exec('begin immediate');
      for (let index = 0; index < count; index++) log.append(new Set([7])).committed();
      db.exec('commit');
    };
    append(9_000);
    here.refresh();
    assert.deepEqual(told.splice(0), [{ kind: 'repositories', ids: new Set([7]) }], 'as far as rows are kept');
    append(11_000);
    assert.ok(rows(db).length < 10_300);
    here.refresh();
    assert.deepEqual(told.splice(0), [{ kind: 'everything' }]);
    append(1);
    here.refresh();
    assert.deepEqual(told, [{ kind: 'repositories', ids: new Set([7]) }]);
  });

  test('a process that cannot read what has changed forgets everything, and reads it the next time', async (t) => {
    const { here, there, db, told } = twoEngines(t);
    const { id } = await addRepository(there);
    await there.write((tx) => tx.repositories.setScanOnPush(id, true));
    db.exec('alter table changes rename to mislaid');
    here.refresh();
    here.refresh();
    assert.deepEqual(told.splice(0), [{ kind: 'everything' }, { kind: 'everything' }]);
    db.exec('alter table mislaid rename to changes');
    here.refresh();
    assert.deepEqual(told, [{ kind: 'repositories', ids: new Set([id]) }]);
  });
});

/** Two processes on one database, as good as; `db` belongs to `there`. */
function twoEngines(t: TestContext): {
  readonly here: Metadata;
  readonly there: Metadata;
  readonly db: DatabaseSync;
  /** What `here` was told. */
  readonly told: MetadataChange[];
} {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-changes-'));
  const path = join(directory, 'longshore.db');
  const here = sqliteEngine(connectSqlite(path));
  const db = connectSqlite(path);
  const there = sqliteEngine(db);
  t.after(async () => {
    await here.close();
    await there.close();
    rmSync(directory, { recursive: true });
  });
  const told: MetadataChange[] = [];
  here.onChange((change) => told.push(change));
  return { here, there, db, told };
}

const rows = (db: DatabaseSync): unknown[] =>
  db
    .prepare('select repository_id as id from changes order by sequence')
    .all()
    .map(({ id }) => id);
