/** Nodes in processes of their own: stopped, killed, and let go on when the others have long gone further. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { counterTable } from '../../../../tests/support/feed-node.ts';
import { type FeedNodeProcess, startFeedNode } from '../../../../tests/support/feed-node-process.ts';
import {
  openPostgresDatabases,
  type PostgresDatabases,
  postgresMissing,
} from '../../../../tests/support/postgres-server.ts';
import { migrations } from '../migrations/migrations.ts';
import type { FeedTiming } from './change-feed.ts';
import { migratePostgres } from './migrate-postgres.ts';

/** Leases of other nodes are waited for, so they must be short here; what is slow on top of that only makes a node forget. */
const timing: Partial<FeedTiming> = { leaseMs: 1500, renewMs: 200, marginMs: 400, waitMs: 60_000 };

describe('change feed of several processes', { skip: postgresMissing() ?? false }, () => {
  let databases: PostgresDatabases;
  let url: string;
  let admin: pg.Client;

  before(async () => {
    databases = await openPostgresDatabases();
    url = await databases.createDatabase();
    admin = new pg.Client({ connectionString: url });
    admin.on('error', () => undefined);
    await admin.connect();
    await migratePostgres(admin, migrations);
    await admin.query(counterTable);
    await admin.query('insert into counters select id, 0 from generate_series(1, 2) id');
  });

  after(async () => {
    await admin?.end();
    await databases?.stop();
  });

  async function processes(t: TestContext, count: number): Promise<FeedNodeProcess[]> {
    const started: FeedNodeProcess[] = [];
    t.after(() => Promise.all(started.map((node) => node.kill())));
    for (let index = 0; index < count; index++) started.push(await startFeedNode(url, timing));
    return started;
  }

  test('a node that is stopped is waited for until its lease is over, and answers nothing old when it goes on', async (t) => {
    const [one, two] = (await processes(t, 2)) as [FeedNodeProcess, FeedNodeProcess];
    await remember(two, 1);
    two.stop();
    // Asked before the change; answered after it, when the node goes on.
    const asked = two.read(1);
    const value = await one.increment(1);
    const { rows } = await admin.query('select from nodes where lease_until > clock_timestamp()');
    assert.equal(rows.length, 1, 'the writer is answered only when the lease of the other is over');
    two.goOn();
    assert.equal(await asked, value);
    assert.equal(await two.read(1), value);
    await remember(two, 1);
    const next = await one.increment(1);
    assert.equal(await two.read(1), next);
  });

  test('a node that is killed is waited for no longer than its lease, and its successor hears of everything', async (t) => {
    const [one, two] = (await processes(t, 2)) as [FeedNodeProcess, FeedNodeProcess];
    await remember(two, 1);
    await two.kill();
    const value = await one.increment(1);
    const [three] = (await processes(t, 1)) as [FeedNodeProcess];
    assert.equal(await three.read(1), value);
    await remember(three, 1);
    const next = await one.increment(1);
    assert.equal(await three.read(1), next);
  });

  test('nodes that are stopped and killed in turn: who asks later never sees less', async (t) => {
    const nodes = await processes(t, 3);
    const known = new Map([1, 2].map((id) => [id, 0]));
    const stale: string[] = [];
    let answered = 0;
    let done = false;
    const learn = (id: number, value: number) => known.set(id, Math.max(known.get(id)!, value));
    const clients = [0, 1, 2].flatMap((index) => [
      (async () => {
        for (let round = 0; !done; round++) {
          const id = 1 + (round % 2);
          const value = await nodes[index]!.increment(id).catch(() => undefined);
          if (value !== undefined) learn(id, value);
          await sleep(5);
        }
      })(),
      ...[1, 2].map(async (id) => {
        while (!done) {
          const least = known.get(id)!;
          const value = await nodes[index]!.read(id).catch(() => undefined);
          if (value !== undefined) {
            if (value < least) stale.push(`node ${index}: ${value} instead of at least ${least}`);
            learn(id, value);
            answered += 1;
          }
          await sleep(1);
        }
      }),
    ]);
    try {
      for (const index of [1, 2, 0]) {
        nodes[index]!.stop();
        await sleep(1600);
        nodes[index]!.goOn();
        await sleep(200);
        await nodes[index]!.kill();
        [nodes[index]] = (await processes(t, 1)) as [FeedNodeProcess];
        await sleep(200);
      }
    } finally {
      done = true;
      for (const node of nodes) node.goOn();
      await Promise.all(clients);
    }
    assert.deepEqual(stale, []);
    assert.ok(answered > 100, `${answered} reads`);
  });
});

/** Reads until an answer comes from memory. */
async function remember(node: FeedNodeProcess, id: number): Promise<void> {
  const before = await node.remembered();
  const deadline = Date.now() + 30_000;
  while ((await node.remembered()) === before) {
    assert.ok(Date.now() < deadline, 'the node remembers nothing');
    await node.read(id);
  }
}
