/**
 * What nodes remember stays true, on a real PostgreSQL: whatever stops, dies, hangs or is cut off.
 *
 * Long because every way of failing is a test of its own on the same database.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { counterTable, type FeedNode, openFeedNode, type WayToWrite } from '../../../../tests/support/feed-node.ts';
import {
  openPostgresDatabases,
  type PostgresDatabases,
  postgresMissing,
} from '../../../../tests/support/postgres-server.ts';
import { MetadataUnavailable } from '../../../ports/metadata.ts';
import { migrations } from '../migrations/migrations.ts';
import { type FeedTiming, openChangeFeed } from './change-feed.ts';
import { migratePostgres } from './migrate-postgres.ts';

/** No lease ends in these tests unless the test means it, however slow the machine is. */
const patient: Partial<FeedTiming> = {
  leaseMs: 60_000,
  marginMs: 1000,
  renewMs: 50,
  evictAfterMs: 60_000,
  waitMs: 60_000,
};
/** For tests in which a lease must end. */
const brisk: Partial<FeedTiming> = { leaseMs: 1000, marginMs: 250, renewMs: 100, evictAfterMs: 60_000, waitMs: 60_000 };

const overdue = 'select from nodes where lease_until < clock_timestamp()';

describe('change feed', { skip: postgresMissing() ?? false }, () => {
  let databases: PostgresDatabases;
  let url: string;
  let admin: pg.Client;
  /** For a look at what `admin` has not committed yet. */
  let other: pg.Client;

  before(async () => {
    databases = await openPostgresDatabases();
    url = await databases.createDatabase();
    admin = new pg.Client({ connectionString: url });
    admin.on('error', () => undefined);
    await admin.connect();
    other = new pg.Client({ connectionString: url });
    other.on('error', () => undefined);
    await other.connect();
    await migratePostgres(admin, migrations);
    await admin.query(counterTable);
    await admin.query('insert into counters select id, 0 from generate_series(1, 5) id');
  });

  after(async () => {
    await admin?.end();
    await other?.end();
    await databases?.stop();
  });

  /** Nodes that end with the test, whether it closed them or not. */
  async function nodes(t: TestContext, count: number, timing = patient, way?: WayToWrite): Promise<FeedNode[]> {
    await admin.query('delete from nodes');
    const opened: FeedNode[] = [];
    t.after(async () => {
      for (const node of opened) streamOf(node).resume();
      await Promise.all(opened.map((node) => node.close()));
    });
    for (let index = 0; index < count; index++) {
      opened.push(await openFeedNode(url, { timing, ...(way === undefined ? {} : { way }) }));
    }
    return opened;
  }

  const leases = async () => (await admin.query('select node_id from nodes')).rows.length;

  test('a node answers from memory, and after another’s change the change', async (t) => {
    const [one, two, three] = (await nodes(t, 3)) as [FeedNode, FeedNode, FeedNode];
    for (const node of [one, two, three]) {
      const value = await node.read(1);
      assert.deepEqual([await node.read(1), node.remembered()], [value, 1]);
    }
    for (const writer of [one, two, three, one]) {
      const value = await writer.increment(1);
      assert.deepEqual(await Promise.all([one, two, three].map((node) => node.read(1))), [value, value, value]);
    }
    assert.ok(three.remembered() > 0);
  });

  test('a node that is alone writes without asking, and one that comes is asked from then on', async (t) => {
    const [one] = (await nodes(t, 1)) as [FeedNode];
    assert.equal(one.feed.figures.peers, 0);
    const [, two] = [one, await openFeedNode(url, { timing: patient })];
    t.after(() => two.close());
    assert.equal(one.feed.figures.peers, 1);
    await two.read(1);
    const value = await one.increment(1);
    assert.equal(await two.read(1), value);
  });

  test('who comes while a commit is under way is not told that it hears of all before the commit is made', async (t) => {
    const [one] = (await nodes(t, 1)) as [FeedNode];
    const announcement = await one.feed.announce(new Set([1]));
    let joined = false;
    const coming = openFeedNode(url, { timing: patient }).then((node) => {
      joined = true;
      return node;
    });
    while (one.feed.figures.peers === 0) await sleep(5);
    await sleep(100);
    assert.equal(joined, false);
    one.feed.abandon(announcement);
    await (await coming).close();
  });

  test('from the announcement to the commit nobody answers from memory; afterwards everybody again', async (t) => {
    const [one, two] = (await nodes(t, 2)) as [FeedNode, FeedNode];
    for (const node of [one, two]) {
      await node.read(1);
      await node.read(2);
    }
    const announcement = await one.feed.announce(new Set([1]));
    for (const node of [one, two]) {
      const before = node.remembered();
      await node.read(1);
      await node.read(1);
      assert.equal(node.remembered(), before, 'what is about to change');
      await node.read(2);
      assert.equal(node.remembered(), before + 1, 'what is not');
    }
    one.feed.abandon(announcement);
    await until(async () => {
      const before = two.remembered();
      await two.read(1);
      await two.read(1);
      return two.remembered() > before;
    });
  });

  test('a commit that nobody could answer for, and that was made, is heard of all the same', async (t) => {
    const [one, two] = (await nodes(t, 2)) as [FeedNode, FeedNode];
    const announcement = await one.feed.announce(new Set([3]));
    one.feed.abandon(announcement);
    await sleep(50);
    for (const node of [one, two]) await node.read(3);
    await admin.query('begin; update counters set value = value + 1 where id = 3');
    await admin.query(announcement.commit);
    const { rows } = await admin.query('select value from counters where id = 3');
    for (const node of [one, two]) await until(async () => (await node.read(3)) === Number(rows[0].value));
  });

  test('a node whose connection hangs is waited for until its lease is over, and remembers nothing then', async (t) => {
    const [one, two] = (await nodes(t, 2, brisk)) as [FeedNode, FeedNode];
    await two.read(1);
    hang(two);
    const value = await one.increment(1);
    assert.equal(await two.read(1), value);
  });

  test('a hanging node would have answered old if it had only been told', async (t) => {
    const [one, two] = (await nodes(t, 2, patient, 'tells')) as [FeedNode, FeedNode];
    await two.read(1);
    hang(two);
    const value = await one.increment(1);
    assert.equal(await two.read(1), value - 1);
  });

  test('a node whose connection is cut forgets all, is asked by nobody meanwhile, and comes back', async (t) => {
    const [one, two] = (await nodes(t, 2)) as [FeedNode, FeedNode];
    for (let round = 0; round < 3; round++) {
      await two.read(1);
      await admin.query('select pg_terminate_backend($1)', [processId(two)]);
      const value = await one.increment(1);
      assert.equal(await two.read(1), value);
      await until(async () => two.feed.fresh() && one.feed.fresh());
      assert.equal(await leases(), 2, 'the lease it had before is gone');
      await two.read(1);
      const before = two.remembered();
      await two.read(1);
      assert.equal(two.remembered(), before + 1);
    }
    assert.equal(two.feed.figures.losses, 3);
  });

  test('a writer that was taken for gone since its announcement cannot commit, and asks those who came meanwhile', async (t) => {
    const [one] = (await nodes(t, 1)) as [FeedNode];
    const announcement = await one.feed.announce(new Set([1]));
    one.reachable = false;
    await admin.query('select pg_terminate_backend($1)', [processId(one)]);
    await until(async () => !one.feed.fresh());
    await admin.query('delete from nodes'); // as when its time has come
    const [two] = [await openFeedNode(url, { timing: patient })];
    t.after(() => two.close());
    const value = await two.read(1);
    await admin.query('begin; update counters set value = value + 1 where id = 1');
    await assert.rejects(admin.query(announcement.commit), { code: '40001' });
    await admin.query('rollback');
    one.feed.abandon(announcement);
    one.reachable = true;
    assert.equal(await one.increment(1), value + 1);
    assert.equal(await two.read(1), value + 1);
  });

  test('a writer that is committing is not taken for gone until it has committed', async (t) => {
    const [one, two] = (await nodes(t, 2, brisk)) as [FeedNode, FeedNode];
    const value = await two.read(1);
    const announcement = await one.feed.announce(new Set([1]));
    const [check] = announcement.commit.split('; notify');
    await admin.query('begin; update counters set value = value + 1 where id = 1');
    await admin.query(check!);
    one.reachable = false;
    hang(one);
    // Its lease is over, and still its announcement holds.
    await until(async () => (await other.query(overdue)).rows.length === 1);
    await sleep(500);
    assert.equal(await two.read(1), value);
    const before = two.remembered();
    await two.read(1);
    assert.equal(two.remembered(), before);
    await admin.query(announcement.commit);
    assert.equal(await two.read(1), value + 1);
    await until(async () => (await leases()) === 1);
    one.feed.settle(announcement);
  });

  test('a node that renews its lease but does not answer is shut out, and comes back as new', async (t) => {
    const timing = { ...patient, leaseMs: 2000, marginMs: 500, evictAfterMs: 200 };
    const [one, two] = (await nodes(t, 2, timing)) as [FeedNode, FeedNode];
    await two.read(1);
    // Hears nothing more, although it goes on to ask.
    two.listener().removeAllListeners('notification');
    const value = await one.increment(1);
    assert.equal(await two.read(1), value);
    assert.equal(one.feed.figures.evictions, 1);
    await until(async () => two.feed.fresh());
    const next = await one.increment(1);
    assert.equal(await two.read(1), next);
  });

  test('a writer who cannot ask in time is told so, and nothing stays blocked', async (t) => {
    const [one, two] = (await nodes(t, 2, { ...patient, waitMs: 200 })) as [FeedNode, FeedNode];
    hang(two);
    await assert.rejects(one.feed.announce(new Set([2])), MetadataUnavailable);
    await one.read(2);
    const before = one.remembered();
    await one.read(2);
    assert.equal(one.remembered(), before + 1);
  });

  test('a node that ends in order is waited for no more', async (t) => {
    const [one, two] = (await nodes(t, 2)) as [FeedNode, FeedNode];
    await two.close();
    assert.equal(await leases(), 1);
    await one.increment(1);
    assert.equal(one.feed.figures.peers, 0);
  });

  test('a connection on which notifications do not come through is refused', async (t) => {
    await admin.query('delete from nodes');
    const clients: pg.Client[] = [];
    t.after(() => Promise.all(clients.map((client) => client.end())));
    const opening = openChangeFeed({
      async connect() {
        const client = new pg.Client({ connectionString: url });
        clients.push(client);
        await client.connect();
        // As a pooler that gives each transaction another connection.
        Object.assign(client, {
          on: (event: 'end', listener: () => void) =>
            String(event) === 'notification' ? client : client.addListener(event, listener),
        });
        return client;
      },
      node: { address: 'test', version: '0' },
      tell: () => undefined,
      timing: { leaseMs: 500, marginMs: 100, renewMs: 100 },
    });
    await assert.rejects(opening, /does not deliver notifications/);
  });

  test('a start does not wait for the lease of a node that has died', async (t) => {
    await admin.query('delete from nodes');
    await admin.query(
      "insert into nodes values ('00', clock_timestamp() + interval '1 hour', false, 'dead', '0', clock_timestamp())",
    );
    const feed = await openChangeFeed({
      async connect() {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        return client;
      },
      node: { address: 'test', version: '0' },
      tell: () => undefined,
      timing: { ...patient, waitMs: 100 },
    });
    t.after(() => feed.close());
    assert.equal(feed.fresh(), false);
    await assert.rejects(feed.announce(new Set([1])), MetadataUnavailable);
    await admin.query("delete from nodes where node_id = '00'");
    await until(async () => feed.fresh());
    feed.abandon(await feed.announce(new Set([1])));
  });

  test('everything, and very many repositories, are told as well as one', async (t) => {
    const [one, two] = (await nodes(t, 2)) as [FeedNode, FeedNode];
    for (const changes of [
      new Set<number | 'everything'>(['everything']),
      new Set(Array.from({ length: 5000 }, (_, id) => id)),
    ]) {
      await two.read(5);
      const { rows } = await admin
        .query('begin; update counters set value = value + 1 where id = 5 returning value')
        .then((all) => (all as unknown as pg.QueryResult[])[1]!);
      const announcement = await one.feed.announce(changes);
      await admin.query(announcement.commit);
      one.feed.settle(announcement);
      assert.equal(await two.read(5), Number(rows[0].value));
    }
  });

  test('many writers and readers on three nodes: who asks later never sees less', async (t) => {
    assert.equal(await countStale(await nodes(t, 3)), 0);
  });

  test('the same, while connections are cut', async (t) => {
    const all = await nodes(t, 3);
    let done = false;
    const cutting = (async () => {
      for (let index = 0; !done; index++) {
        await sleep(300);
        const node = all[index % all.length]!;
        if (node.feed.fresh()) await admin.query('select pg_terminate_backend($1)', [processId(node)]);
      }
    })();
    try {
      assert.equal(await countStale(all), 0);
    } finally {
      done = true;
      await cutting;
    }
  });

  test('writers that tell nobody are found out by it', async (t) => {
    assert.notEqual(await countStale(await nodes(t, 3, patient, 'silent')), 0);
  });
});

/**
 * Lets every node write and read two counters at once. Answers how many reads saw less than what somebody had been answered, by a write
 * or by another read, before they began.
 */
async function countStale(nodes: readonly FeedNode[]): Promise<number> {
  const known = new Map([1, 2].map((id) => [id, 0]));
  let stale = 0;
  const learn = (id: number, value: number) => known.set(id, Math.max(known.get(id)!, value));
  const clients = nodes.flatMap((node, index) => [
    ...Array.from({ length: 2 }, async (_, writer) => {
      for (let round = 0; round < 40; round++) {
        const id = 1 + ((round + index + writer) % 2);
        learn(id, await node.increment(id));
      }
    }),
    ...Array.from({ length: 3 }, async () => {
      for (let round = 0; round < 300; round++) {
        const id = 1 + (round % 2);
        const least = known.get(id)!;
        const value = await node.read(id);
        if (value < least) stale += 1;
        learn(id, value);
        if (round % 3 === 0) await sleep(1);
      }
    }),
  ]);
  await Promise.all(clients);
  return stale;
}

const processId = (node: FeedNode): number => (node.listener() as unknown as { processID: number }).processID;

/** Nothing that PostgreSQL says to the feed of this node is read any more. */
function hang(node: FeedNode): void {
  streamOf(node).pause();
}

const streamOf = (node: FeedNode): Socket =>
  (node.listener() as unknown as { connection: { stream: Socket } }).connection.stream;

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, 'it did not come about');
    await sleep(5);
  }
}
