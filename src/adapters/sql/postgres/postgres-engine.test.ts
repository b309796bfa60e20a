/** What only PostgreSQL does to an engine: conflicts, deadlocks, limits, plans that grow stale, and connections that break. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import pg from 'pg';
import { appendTag, checkAgainst } from '../../../../tests/support/append-tag.ts';
import { type MigratedDatabases, openMigratedDatabases } from '../../../../tests/support/postgres-metadata.ts';
import { postgresMissing } from '../../../../tests/support/postgres-server.ts';
import type { Metadata } from '../../../ports/metadata.ts';
import {
  addImage,
  addLayer,
  addRepository,
  digestOf,
  registry,
  sampleBlob,
} from '../../../ports/metadata-contract/samples.ts';
import { openPostgres, type PostgresOptions } from './open-postgres.ts';

describe('PostgreSQL engine', { skip: postgresMissing() ?? false }, () => {
  let databases: MigratedDatabases;
  before(async () => {
    databases = await openMigratedDatabases();
  });
  after(() => databases?.stop());

  interface Opened {
    readonly metadata: Metadata;
    readonly admin: pg.Client;
    /** Ends what others do on the database and what state it is in. */
    cut(state: 'idle' | 'idle in transaction'): Promise<void>;
    open(options?: Partial<PostgresOptions>): Promise<Metadata>;
  }

  async function opened(t: TestContext, options: Partial<PostgresOptions> = {}): Promise<Opened> {
    const url = await databases.create();
    const open = async (more: Partial<PostgresOptions> = {}) => {
      const all = { url, poolSize: 4, statementTimeoutMs: 20_000, retryTimeMs: 5_000, ...options, ...more };
      const metadata = await openPostgres(all);
      t.after(() => metadata.close());
      return metadata;
    };
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    t.after(() => admin.end());
    // From outside of the database, so that it never cuts itself.
    const elsewhere = new URL(url);
    elsewhere.pathname = '/postgres';
    const outside = new pg.Client({ connectionString: elsewhere.href });
    await outside.connect();
    t.after(() => outside.end());
    const cut = async (state: string) => {
      await outside.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and state = $2', [
        new URL(url).pathname.slice(1),
        state,
      ]);
    };
    return { metadata: await open(), admin, cut, open };
  }

  test('two that lock the same in opposite orders both come to their end', async (t) => {
    const { metadata, open } = await opened(t);
    const there = await open();
    const [one, two] = [await addRepository(metadata, { name: 'one' }), await addRepository(metadata, { name: 'two' })];
    const append = (node: Metadata, names: readonly string[], key: string) =>
      node.write(function* (tx) {
        for (const name of names) {
          const found = (yield* tx.repositories.find(registry, name))!;
          yield* tx.repositories.setResourceTags(found.id, [...found.resourceTags, { Key: key, Value: '' }]);
        }
      });
    await Promise.all(
      Array.from({ length: 2 }, (_, index) => [
        append(metadata, ['one', 'two'], `here ${index}`),
        append(there, ['two', 'one'], `there ${index}`),
      ]).flat(),
    );
    for (const { name } of [one, two]) {
      const found = await metadata.read((tx) => tx.repositories.find(registry, name));
      assert.equal(new Set(found?.resourceTags.map((tag) => tag.Key)).size, 4);
    }
  });

  test('two that add the same at once: one adds, the other finds', async (t) => {
    const { metadata, open } = await opened(t);
    const there = await open();
    const addOnce = (node: Metadata, name: string) =>
      node.write(function* (tx) {
        const found = yield* tx.blobs.findByDigest(digestOf(name));
        return found ?? (yield* tx.blobs.add(sampleBlob(name)));
      });
    for (let round = 0; round < 10; round += 1) {
      const ids = await Promise.all([metadata, there, metadata, there].map((node) => addOnce(node, `blob ${round}`)));
      assert.equal(new Set(ids.map(({ id }) => id)).size, 1);
    }
  });

  test('a unit that reads sees one snapshot, also when its second step is no surprise any more', async (t) => {
    const { metadata } = await opened(t);
    const { id } = await addRepository(metadata);
    const image = await addImage(metadata, id, 'image', { tags: ['a'] });
    const moving = (async () => {
      for (let turn = 0; turn < 40; turn += 1) {
        await metadata.write(function* (tx) {
          yield* tx.repositories.find(registry, 'team/app');
          yield* tx.tags.delete(id, turn % 2 === 0 ? 'a' : 'b');
          yield* tx.tags.put({ repositoryId: id, tag: turn % 2 === 0 ? 'b' : 'a', imageId: image.id, updatedAt: turn });
        });
      }
    })();
    let reads = 0;
    let done = false;
    moving.then(() => {
      done = true;
    });
    while (!done || reads === 0) {
      const found = await metadata.read(function* (tx) {
        return [yield* tx.tags.find(id, 'a'), yield* tx.tags.find(id, 'b')];
      });
      assert.equal(found.filter((tag) => tag !== undefined).length, 1);
      reads += 1;
    }
    await moving;
  });

  test('a read of one step asks no transaction, and changes what others locked keep nobody from reading', async (t) => {
    const { metadata, admin } = await opened(t);
    const { id } = await addRepository(metadata);
    await admin.query('begin');
    await admin.query('select * from repositories for update');
    assert.equal((await metadata.read((tx) => tx.repositories.find(registry, 'team/app')))?.id, id);
    await admin.query('rollback');
  });

  test('writers who wait for one lock leave connections to readers', async (t) => {
    const { metadata, admin } = await opened(t);
    const { id, name } = await addRepository(metadata);
    await admin.query('begin');
    await admin.query('select * from repositories for update');
    const writing = Array.from({ length: 12 }, () =>
      metadata.write(function* (tx) {
        yield* tx.repositories.find(registry, name);
        yield* tx.repositories.setScanOnPush(id, true);
      }),
    );
    for (let count = 0; count < 5; count += 1) await metadata.read((tx) => tx.repositories.count(registry));
    await metadata.ping();
    const waiting = `select count(*)::int as count from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    let { count } = (await admin.query(waiting)).rows[0];
    while (count === 0) ({ count } = (await admin.query(waiting)).rows[0]);
    assert.equal(count, 1, 'one waits in PostgreSQL, the others here');
    await admin.query('rollback');
    await Promise.all(writing);
  });

  test('a statement that takes too long ends, and says so', async (t) => {
    const { metadata, admin } = await opened(t, { statementTimeoutMs: 300 });
    const { id } = await addRepository(metadata);
    await admin.query('begin');
    await admin.query('select * from repositories for update');
    await assert.rejects(
      metadata.write((tx) => tx.repositories.setScanOnPush(id, true)),
      { name: 'MetadataUnavailable', full: false },
    );
    await admin.query('rollback');
    await metadata.write((tx) => tx.repositories.setScanOnPush(id, true));
  });

  test('a constraint that is broken for good is a mistake, not a lack of the database', async (t) => {
    const { metadata } = await opened(t);
    await metadata.write((tx) => tx.blobs.add(sampleBlob('blob')));
    await assert.rejects(
      metadata.write((tx) => tx.blobs.add(sampleBlob('blob'))),
      { code: '23505' },
    );
  });

  test('a newer node may add columns under prepared statements', async (t) => {
    const { metadata, admin } = await opened(t, { poolSize: 1 });
    const { id } = await addRepository(metadata);
    const find = () => metadata.read((tx) => tx.blobs.list({ limit: 9 }));
    await addLayer(metadata, id, 'layer');
    for (let count = 0; count < 3; count += 1) await find();
    await admin.query('alter table blobs add column later text');
    assert.equal((await find()).length, 1);
    await metadata.write((tx) => tx.blobs.findByDigest(digestOf('layer')));
  });

  test('connections that are cut between and under units cost nothing but time', async (t) => {
    const { metadata, admin, cut } = await opened(t);
    // It is cut, too.
    admin.on('error', () => undefined);
    const repository = await addRepository(metadata);
    let cutting = true;
    const cuts = (async () => {
      try {
        for (let count = 0; count < 10; count += 1) {
          await cut(count % 2 === 0 ? 'idle in transaction' : 'idle');
          await new Promise((next) => setTimeout(next, 10));
        }
      } finally {
        cutting = false;
      }
    })();
    const outcomes: PromiseSettledResult<string>[] = [];
    for (let round = 0; cutting; round += 1) {
      const keys = Array.from({ length: 4 }, (_, index) => `${round} ${index}`);
      outcomes.push(...(await Promise.allSettled(keys.map((key) => appendTag(metadata, repository, key)))));
    }
    await cuts;
    await checkAgainst(metadata, repository, outcomes);
    await metadata.ping();
  });

  test('a closed one has given back all it had', async (t) => {
    const { metadata, admin } = await opened(t);
    await addRepository(metadata);
    await Promise.all(Array.from({ length: 9 }, () => metadata.read((tx) => tx.repositories.count(registry))));
    await metadata.close();
    const open = `select count(*)::int as open from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
    // PostgreSQL takes a moment to notice.
    while ((await admin.query(open)).rows[0].open > 0) await new Promise((next) => setTimeout(next, 10));
  });
});
