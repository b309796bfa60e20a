/** The queue: what waits in it, and who gets which job. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Metadata } from '../metadata.ts';
import type { JobRecord } from '../records.ts';
import { add, claim, claimed, find, holder, kinds, LATER, LEASE, OVER, stateOf } from './job-steps.ts';
import { type OpenMetadata, onMetadata, onTwoHandles } from './on-metadata.ts';

export function jobSuite(open: OpenMetadata, { alone = false } = {}): void {
  describe('jobs', () => {
    onMetadata(open, 'are found as they were added', async (metadata) => {
      const added = await add(metadata, { subject: 'repository 7', payload: { of: [7, 'é'] }, priority: 3 });
      const { id, dueAt, createdAt, updatedAt, ...rest } = added;
      assert.deepEqual(rest, {
        kind: 'collect',
        subject: 'repository 7',
        payload: { of: [7, 'é'] },
        priority: 3,
        state: 'waiting',
        attempts: 0,
        holder: '',
        heldUntil: 0,
        progress: undefined,
        error: undefined,
      });
      assert.deepEqual([createdAt, updatedAt], [dueAt, dueAt]);
      assert.deepEqual(await find(metadata, added), added);
      assert.equal(await find(metadata, { id: id + 1000 }), undefined);
      assert.deepEqual(await metadata.read((tx) => tx.jobs.findActive('collect', 'repository 7')), added);
      assert.equal(await metadata.read((tx) => tx.jobs.findActive('sweep', 'repository 7')), undefined);
      assert.equal((await add(metadata)).payload, undefined);
    });

    onMetadata(open, 'are there only when the unit that adds them is', async (metadata) => {
      await assert.rejects(
        metadata.write(function* (tx) {
          yield* tx.jobs.add({ kind: 'collect', subject: '' });
          throw new Error('no');
        }),
      );
      assert.deepEqual(await metadata.read((tx) => tx.jobs.list({ limit: 10 })), []);
    });

    onMetadata(
      open,
      'of one kind and subject wait once: earlier time, higher priority, newer payload',
      async (metadata) => {
        const first = await add(metadata, { payload: 1, priority: 5, delayMs: LATER });
        const second = await add(metadata, { payload: 2, priority: 3, delayMs: 0 });
        const third = await add(metadata, { payload: 3, priority: 9, delayMs: 2 * LATER });
        assert.deepEqual([second.id, third.id], [first.id, first.id]);
        assert.deepEqual([second.priority, third.priority, third.payload], [5, 9, 3]);
        assert(second.dueAt < first.dueAt);
        assert.equal(third.dueAt, second.dueAt);
        assert.notEqual((await add(metadata, { subject: 'other' })).id, first.id);
        assert.notEqual((await add(metadata, { kind: 'sweep' })).id, first.id);
      },
    );

    onMetadata(open, 'are claimed by priority, then by time, of the kinds asked for, when due', async (metadata) => {
      assert.equal(await claim(metadata), undefined);
      const later = await add(metadata, { subject: 'later', delayMs: LATER, priority: 9 });
      const plain = await add(metadata, { subject: 'plain', delayMs: -1000 });
      const older = await add(metadata, { subject: 'older', delayMs: -2000 });
      const urgent = await add(metadata, { subject: 'urgent', kind: 'sweep', priority: 1 });
      await add(metadata, { subject: 'unknown', kind: 'unknown', priority: 100 });
      const order: (number | undefined)[] = [];
      for (let at = 0; at < 4; at += 1) order.push((await claim(metadata))?.id);
      assert.deepEqual(order, [urgent.id, older.id, plain.id, undefined]);
      assert.equal(await stateOf(metadata, later), 'waiting');
    });

    onMetadata(open, 'say whether there is something to claim', async (metadata) => {
      const isDue = () => metadata.read((tx) => tx.jobs.isDue(kinds));
      assert.equal(await isDue(), false);
      await add(metadata, { delayMs: LATER });
      assert.equal(await isDue(), false);
      await add(metadata, { kind: 'unknown' });
      assert.equal(await isDue(), false);
      await add(metadata);
      assert.equal(await isDue(), true);
      const job = await claimed(metadata);
      assert.equal(await isDue(), false);
      await add(metadata);
      assert.equal(await isDue(), false, 'the same runs already');
      await metadata.write((tx) => tx.jobs.heartbeat(job.id, { holder, leaseMs: OVER }));
      assert.equal(await isDue(), true);
    });

    onMetadata(open, 'of one kind and subject never run at the same time', async (metadata) => {
      await add(metadata);
      const running = await claimed(metadata);
      const next = await add(metadata);
      assert.notEqual(next.id, running.id);
      assert.equal(await claim(metadata), undefined);
      assert.deepEqual((await metadata.read((tx) => tx.jobs.findActive('collect', '')))?.id, running.id);
      assert.equal(await metadata.write((tx) => tx.jobs.finish(running.id, { holder })), true);
      assert.equal((await claimed(metadata)).id, next.id);
    });

    onMetadata(open, 'many that claim at once get one each', async (metadata) => {
      for (let at = 0; at < 20; at += 1) await add(metadata, { subject: String(at) });
      const got = await Promise.all(
        Array.from({ length: 30 }, (_, index) => claim(metadata, { holder: String(index) })),
      );
      const ids = got.flatMap((job) => job?.id ?? []);
      assert.equal(new Set(ids).size, ids.length);
      assert.equal(ids.length, 20);
    });

    onMetadata(
      open,
      'whose lease is over are taken over, with their progress, and their holder is told',
      async (metadata) => {
        await add(metadata);
        const before = await claimed(metadata, { leaseMs: LEASE });
        const kept = await metadata.write((tx) =>
          tx.jobs.heartbeat(before.id, { holder, leaseMs: OVER, progress: { after: 7 } }),
        );
        assert.equal(kept, true);
        const after = await claimed(metadata, { holder: 'two' });
        assert.deepEqual([after.id, after.holder, after.attempts, after.progress], [before.id, 'two', 2, { after: 7 }]);
        const by = { holder, leaseMs: LEASE };
        assert.equal(await metadata.write((tx) => tx.jobs.heartbeat(before.id, { ...by, progress: 'stale' })), false);
        assert.equal(await metadata.write((tx) => tx.jobs.finish(before.id, { holder, progress: 'stale' })), false);
        assert.equal(await metadata.write((tx) => tx.jobs.release(before.id, { holder })), false);
        const failed = { holder, error: 'stale', delayMs: 0 };
        assert.equal(await metadata.write((tx) => tx.jobs.postpone(before.id, failed)), false);
        assert.equal(await metadata.write((tx) => tx.jobs.giveUp(before.id, failed)), false);
        assert.deepEqual(await find(metadata, after), after);
      },
    );

    onMetadata(open, 'that got further have all their attempts again', async (metadata) => {
      await add(metadata);
      const { id } = await claimed(metadata, { leaseMs: OVER });
      await claimed(metadata, { leaseMs: OVER });
      const third = await claimed(metadata);
      assert.equal(third.attempts, 3);
      await metadata.write((tx) => tx.jobs.heartbeat(id, { holder, leaseMs: LEASE, progress: 1, further: true }));
      assert.deepEqual([(await find(metadata, third))?.attempts, (await find(metadata, third))?.progress], [1, 1]);
    });

    onMetadata(open, 'are listed newest first, in pages, by state', async (metadata) => {
      const ids: number[] = [];
      for (let at = 0; at < 5; at += 1) ids.push((await add(metadata, { subject: String(at) })).id);
      const running = await claimed(metadata);
      const list = async (page: { before?: number; limit: number; state?: JobRecord['state'] }) =>
        (await metadata.read((tx) => tx.jobs.list(page))).map((job) => job.id);
      const newest = ids.toReversed();
      assert.deepEqual(await list({ limit: 10 }), newest);
      assert.deepEqual(await list({ limit: 2, before: newest[1]! }), newest.slice(2, 4));
      assert.deepEqual(await list({ limit: 10, state: 'running' }), [running.id]);
      assert.deepEqual(await list({ limit: 1, state: 'waiting' }), [newest[0]]);
      assert.deepEqual(await list({ limit: 10, state: 'done' }), []);
    });

    onMetadata(open, 'are counted by kind and state, with the age of the oldest that waits', async (metadata) => {
      assert.deepEqual(await metadata.read((tx) => tx.jobs.statistics()), []);
      await add(metadata, { subject: 'a', delayMs: -60_000 });
      await add(metadata, { subject: 'b', delayMs: LATER });
      await add(metadata, { kind: 'sweep', delayMs: LATER });
      await add(metadata, { kind: 'unknown' });
      const done = await claimed(metadata, { kinds: ['unknown'] });
      await metadata.write((tx) => tx.jobs.finish(done.id, { holder }));
      await add(metadata, { kind: 'unknown' });
      const given = await claimed(metadata, { kinds: ['unknown'] });
      await metadata.write((tx) => tx.jobs.giveUp(given.id, { holder, error: 'no' }));
      const statistics = await metadata.read((tx) => tx.jobs.statistics());
      const of = (kind: string) => statistics.filter((each) => each.kind === kind);
      assert.deepEqual([of('collect')[0]?.state, of('collect')[0]?.count], ['waiting', 2]);
      assert((of('collect')[0]?.oldestDueMs ?? 0) >= 60_000);
      assert.deepEqual(of('sweep'), [{ kind: 'sweep', state: 'waiting', count: 1, oldestDueMs: 0 }]);
      assert.deepEqual(of('unknown'), [{ kind: 'unknown', state: 'given-up', count: 1, oldestDueMs: 0 }]);
    });

    onMetadata(open, 'a slot of a schedule is taken once, and none before it', async (metadata) => {
      const take = (schedule: string, slot: number) => metadata.write((tx) => tx.jobs.takeSlot(schedule, slot));
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => take('collect', 7)));
      assert.equal(outcomes.filter((taken) => taken).length, 1);
      assert.deepEqual(
        [await take('collect', 6), await take('collect', 8), await take('sweep', 7)],
        [false, true, true],
      );
    });

    onMetadata(open, 'that ended long ago are removed', async (metadata) => {
      const ended: number[] = [];
      for (let at = 0; at < 3; at += 1) {
        await add(metadata);
        const { id } = await claimed(metadata);
        await metadata.write((tx) => tx.jobs.finish(id, { holder }));
        ended.push(id);
      }
      const waiting = await add(metadata);
      const prune = (of: { state: 'done' | 'given-up'; olderThanMs: number; limit: number }) =>
        metadata.write((tx) => tx.jobs.prune(of));
      assert.equal(await prune({ state: 'done', olderThanMs: LATER, limit: 10 }), 0);
      assert.equal(await prune({ state: 'given-up', olderThanMs: OVER, limit: 10 }), 0);
      assert.equal(await prune({ state: 'done', olderThanMs: OVER, limit: 2 }), 2);
      assert.equal(await prune({ state: 'done', olderThanMs: OVER, limit: 2 }), 1);
      assert.deepEqual(
        [await stateOf(metadata, { id: ended[0]! }), await stateOf(metadata, waiting)],
        [undefined, 'waiting'],
      );
    });

    if (alone) return;

    onTwoHandles(open, 'two processes share the work: each job is run once', async (here, there) => {
      for (let at = 0; at < 40; at += 1) await add(here, { subject: String(at) });
      const run = async (metadata: Metadata, name: string) => {
        const ids: number[] = [];
        for (
          let job = await claim(metadata, { holder: name });
          job !== undefined;
          job = await claim(metadata, { holder: name })
        ) {
          ids.push(job.id);
          const { id } = job;
          assert.equal(await metadata.write((tx) => tx.jobs.finish(id, { holder: name })), true);
        }
        return ids;
      };
      const ran = (await Promise.all([run(here, 'here'), run(there, 'there'), run(there, 'there too')])).flat();
      assert.equal(ran.length, 40);
      assert.equal(new Set(ran).size, 40);
    });

    onTwoHandles(open, 'two processes that add, run and fail the same leave it once', async (here, there) => {
      const rounds = async (metadata: Metadata, name: string) => {
        for (let round = 0; round < 15; round += 1) {
          await add(metadata);
          const job = await claim(metadata, { holder: name });
          if (job === undefined) continue;
          await add(metadata);
          await metadata.write((tx) => tx.jobs.postpone(job.id, { holder: name, error: 'no', delayMs: 0 }));
        }
      };
      await Promise.all([rounds(here, 'here'), rounds(there, 'there')]);
      const left = await here.read((tx) => tx.jobs.list({ limit: 10 }));
      assert.deepEqual(
        left.map(({ state }) => state),
        ['waiting'],
      );
    });
  });
}
