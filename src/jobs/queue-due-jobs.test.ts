import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { createMemoryEcr, type MemoryEcr } from '../../tests/support/memory-ecr.ts';
import { queueDueJobs } from './queue-due-jobs.ts';

let memory: MemoryEcr;
beforeEach(async () => {
  memory = await createMemoryEcr();
});
afterEach(() => memory.close());

const jobs = [
  { kind: 'often', schedule: { everyMs: 600_000 } },
  { kind: 'nightly', schedule: { cron: '30 2 * * *' }, priority: -1 },
];
const queue = (known: Map<string, number>) => queueDueJobs(memory.ecr, jobs, known, () => 0);
const waiting = async () =>
  (await memory.ecr.metadata.read((tx) => tx.jobs.list({ limit: 10 }))).map(({ kind }) => kind).toSorted();

async function finishAll(): Promise<void> {
  for (;;) {
    const claim = { kinds: ['often', 'nightly'], holder: 'h', leaseMs: 1000 };
    const job = await memory.ecr.metadata.write((tx) => tx.jobs.claim(claim));
    if (job === undefined) return;
    await memory.ecr.metadata.write((tx) => tx.jobs.finish(job.id, { holder: 'h' }));
    await memory.ecr.metadata.write((tx) => tx.jobs.remove(job.id));
  }
}

test('of several nodes one queues what is due in a slot', async () => {
  const [one, two] = [new Map(), new Map()];
  assert.equal(await queue(one), 2);
  assert.equal(await queue(two), 0);
  assert.deepEqual(await waiting(), ['nightly', 'often']);
  await finishAll();
  assert.equal(await queue(two), 0, 'done already in this slot');
  memory.pass(600_000);
  assert.deepEqual([await queue(two), await queue(one)], [1, 0]);
  assert.deepEqual(await waiting(), ['often']);
});

test('a node that was started anew does not begin what was done in this slot', async () => {
  await queue(new Map());
  await finishAll();
  assert.equal(await queue(new Map()), 0);
});

test('what takes longer than its interval is not heaped up', async () => {
  const known = new Map();
  await queue(known);
  const claim = { kinds: ['often'], holder: 'h', leaseMs: 1e6 };
  assert(await memory.ecr.metadata.write((tx) => tx.jobs.claim(claim)));
  memory.pass(600_000);
  assert.equal(await queue(known), 0);
  assert.deepEqual(await waiting(), ['nightly', 'often']);
});
