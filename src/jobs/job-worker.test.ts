/** Workers on a real queue: who runs what, and what becomes of it when a handler or its process fails. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, type TestContext, test } from 'node:test';
import { createMemoryEcr, type MemoryEcr } from '../../tests/support/memory-ecr.ts';
import { logTo } from '../lib/log/create-log.ts';
import type { JobRecord } from '../ports/records.ts';
import type { JobHandler } from './job-handler.ts';
import { type JobWorkerOptions, startJobWorker } from './job-worker.ts';

let memory: MemoryEcr;
beforeEach(async () => {
  memory = await createMemoryEcr();
});
afterEach(() => memory.close());

const silent = logTo(() => undefined, 'silent').logger;

const queue = (subject = '', kind = 'work') => memory.ecr.metadata.write((tx) => tx.jobs.add({ kind, subject }));
const find = (job: { id: number }) => memory.ecr.metadata.read((tx) => tx.jobs.find(job.id));

function start(t: TestContext, handler: Partial<JobHandler>, options: Partial<JobWorkerOptions> = {}) {
  const worker = startJobWorker({
    metadata: memory.ecr.metadata,
    handlers: [{ kind: 'work', run: async () => undefined, ...handler }],
    atOnce: 4,
    holder: 'this process',
    log: silent,
    pollMs: 5,
    ...options,
  });
  t.after(() => worker.stop());
  return worker;
}

/** Resolves with the job once it is so; the polls of the worker bring it there. */
async function until(job: { id: number }, is: (job: JobRecord) => boolean): Promise<JobRecord> {
  for (;;) {
    const found = await find(job);
    if (found !== undefined && is(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe('a worker', () => {
  test('runs what is queued, with what was asked, and keeps what the handler told', async (t) => {
    const job = await memory.ecr.metadata.write((tx) => tx.jobs.add({ kind: 'work', subject: 's', payload: [1] }));
    const seen: unknown[] = [];
    start(t, {
      run: async ({ job: { subject, payload }, tell }) => {
        seen.push([subject, payload]);
        tell({ files: 3 });
      },
    });
    const done = await until(job, ({ state }) => state === 'done');
    assert.deepEqual([done.progress, done.attempts, seen], [{ files: 3 }, 1, [['s', [1]]]]);
  });

  test('runs a few at once, and no more', async (t) => {
    const jobs = [];
    for (let at = 0; at < 6; at += 1) jobs.push(await queue(String(at)));
    let running = 0;
    let most = 0;
    const gate = Promise.withResolvers<void>();
    const three = Promise.withResolvers<void>();
    start(
      t,
      {
        run: async () => {
          most = Math.max(most, ++running);
          if (running === 3) three.resolve();
          await gate.promise;
          running -= 1;
        },
      },
      { atOnce: 3 },
    );
    await three.promise;
    gate.resolve();
    for (const job of jobs) await until(job, ({ state }) => state === 'done');
    assert.equal(most, 3);
  });

  test('leaves a place to short jobs while long ones run', async (t) => {
    const gate = Promise.withResolvers<void>();
    const long = [await queue('1', 'long'), await queue('2', 'long'), await queue('3', 'long')];
    const short = await queue('', 'short');
    start(
      t,
      {},
      {
        atOnce: 2,
        handlers: [
          { kind: 'long', long: true, run: () => gate.promise },
          { kind: 'short', run: async () => undefined },
        ],
      },
    );
    await until(short, ({ state }) => state === 'done');
    const states = await Promise.all(long.map(async (job) => (await find(job))?.state));
    assert.deepEqual(states.toSorted(), ['running', 'waiting', 'waiting']);
    gate.resolve();
  });

  test('is woken instead of waiting for the next look', async (t) => {
    const worker = start(t, {}, { pollMs: 1e9 });
    const job = await queue();
    worker.wake();
    await until(job, ({ state }) => state === 'done');
  });

  test('runs nothing where it is told so', async (t) => {
    const job = await queue();
    const worker = start(t, {}, { atOnce: 0 });
    worker.wake();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await find(job))?.state, 'waiting');
  });

  test('counts what came of attempts', async (t) => {
    const worker = start(t, { attempts: 1, run: async ({ job }) => assert.equal(job.subject, 'good') });
    const [good, bad] = [await queue('good'), await queue('bad')];
    await until(good, ({ state }) => state === 'done');
    await until(bad, ({ state }) => state === 'given-up');
    await worker.stop();
    assert.deepEqual([...worker.outcomes()].map(({ outcome, count }) => [outcome, count]).toSorted(), [
      ['done', 1],
      ['given-up', 1],
    ]);
  });
});

describe('a job that fails', () => {
  test('is tried again later, and given up with the reason in the end', async (t) => {
    const job = await queue();
    let attempts = 0;
    start(t, {
      attempts: 3,
      run: async () => {
        attempts += 1;
        throw new Error(`disk ${attempts}`);
      },
    });
    for (let attempt = 1; attempt < 3; attempt += 1) {
      const waiting = await until(job, ({ state, attempts: begun }) => state === 'waiting' && begun === attempt);
      assert.equal(waiting.error, `disk ${attempt}`);
      assert(waiting.dueAt > waiting.updatedAt, 'not at once');
      await queue();
    }
    const given = await until(job, ({ state }) => state === 'given-up');
    assert.deepEqual([given.error, attempts], ['disk 3', 3]);
  });

  test('is not given up as long as it gets further', async (t) => {
    const job = await queue();
    let round = 0;
    start(t, {
      attempts: 2,
      run: async ({ job: { progress }, tell }) => {
        round += 1;
        assert.deepEqual(progress, round === 1 ? undefined : { round: round - 1 });
        if (round === 5) return;
        tell({ round });
        throw new Error('no');
      },
    });
    for (let expected = 1; expected < 5; expected += 1) {
      await until(job, ({ state, progress }) => {
        return state === 'waiting' && (progress as { round: number } | undefined)?.round === expected;
      });
      await queue();
    }
    await until(job, ({ state }) => state === 'done');
  });

  test('over which processes died again and again is given up without another attempt', async (t) => {
    const job = await queue();
    const die = () =>
      memory.ecr.metadata.write((tx) => tx.jobs.claim({ kinds: ['work'], holder: 'dead', leaseMs: -1 }));
    await die();
    await die();
    start(t, { attempts: 2, run: () => assert.fail('it kills') });
    const given = await until(job, ({ state }) => state === 'given-up');
    assert.match(given.error ?? '', /died 2 times/);
  });
});

describe('a process that ends', () => {
  test('gives its jobs back with their progress, and another goes on at once', async (t) => {
    const job = await queue();
    const begun = Promise.withResolvers<void>();
    const first = start(t, {
      run: async ({ signal, tell }) => {
        tell({ half: true });
        begun.resolve();
        await once(signal, 'abort');
      },
    });
    await begun.promise;
    await first.stop();
    const released = await find(job);
    assert.deepEqual([released?.state, released?.progress, released?.attempts], ['waiting', { half: true }, 0]);
    const handed: unknown[] = [];
    start(t, { run: async (run) => void handed.push(run.job.progress) }, { holder: 'another' });
    await until(job, ({ state }) => state === 'done');
    assert.deepEqual(handed, [{ half: true }]);
  });

  test('keeps the lease of a handler that does not listen, so that nothing runs twice', async (t) => {
    const job = await queue();
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const deaf = start(t, {
      run: () => {
        begun.resolve();
        return gate.promise;
      },
    });
    await begun.promise;
    await deaf.stop(1);
    assert.equal((await find(job))?.state, 'running');
    assert.equal(await memory.ecr.metadata.read((tx) => tx.jobs.isDue(['work'])), false);
    gate.resolve();
    await until(job, ({ state }) => state === 'waiting');
  });

  test('by kill leaves its job to another once the lease is over; the first, if it lives, is told', async (t) => {
    const job = await queue();
    const told = Promise.withResolvers<unknown>();
    const begun = Promise.withResolvers<void>();
    const first = start(
      t,
      {
        run: async ({ signal }) => {
          begun.resolve();
          await once(signal, 'abort');
          told.resolve(signal.reason);
        },
      },
      { leaseMs: 40 },
    );
    await begun.promise;
    const taken = await memory.ecr.metadata.write(function* (tx) {
      // As if it had not been heard of for long.
      yield* tx.jobs.heartbeat(job.id, { holder: 'this process', leaseMs: -1 });
      return yield* tx.jobs.claim({ kinds: ['work'], holder: 'another', leaseMs: 1e6 });
    });
    assert.equal(taken?.id, job.id);
    assert.match(String(await told.promise), /taken the job over/);
    await first.stop();
    assert.deepEqual([(await find(job))?.holder, (await find(job))?.state], ['another', 'running']);
    assert.deepEqual(
      [...first.outcomes()].map(({ outcome }) => outcome),
      ['lost'],
    );
  });

  test('the lease of a long job is renewed while it runs', async (t) => {
    const job = await queue();
    const gate = Promise.withResolvers<void>();
    start(t, { run: () => gate.promise }, { leaseMs: 20 });
    const begun = await until(job, ({ state }) => state === 'running');
    await until(job, ({ heldUntil }) => heldUntil > begun.heldUntil);
    gate.resolve();
    await until(job, ({ state }) => state === 'done');
  });
});
