/** What becomes of a job that was claimed: done, failed, given back, given up. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { add, claim, claimed, find, holder, LATER } from './job-steps.ts';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';

export function jobEndSuite(open: OpenMetadata): void {
  describe('jobs that were claimed', () => {
    onMetadata(open, 'are done', async (metadata) => {
      await add(metadata);
      const { id } = await claimed(metadata);
      assert.equal(await metadata.write((tx) => tx.jobs.finish(id, { holder, progress: { all: true } })), true);
      const done = await find(metadata, { id });
      assert.deepEqual([done?.state, done?.holder, done?.progress], ['done', '', { all: true }]);
      assert.equal(await metadata.write((tx) => tx.jobs.finish(id, { holder })), false);
      assert.equal(await claim(metadata), undefined);
    });

    onMetadata(open, 'that failed wait for their next attempt', async (metadata) => {
      await add(metadata);
      const { id } = await claimed(metadata);
      await metadata.write((tx) => tx.jobs.postpone(id, { holder, error: 'disk', delayMs: LATER }));
      assert.equal(await claim(metadata), undefined);
      const waiting = await find(metadata, { id });
      assert.deepEqual([waiting?.state, waiting?.error, waiting?.attempts], ['waiting', 'disk', 1]);
      await add(metadata, { priority: 2 });
      const again = await claimed(metadata);
      assert.deepEqual([again.id, again.attempts, again.error], [id, 2, 'disk']);
    });

    onMetadata(open, 'that failed become one with the same that waits', async (metadata) => {
      await add(metadata, { payload: 'old', priority: 4 });
      const { id } = await claimed(metadata);
      const other = await add(metadata, { payload: 'new', priority: 1 });
      await metadata.write((tx) => tx.jobs.postpone(id, { holder, error: 'disk', delayMs: LATER }));
      assert.equal(await find(metadata, other), undefined);
      const left = await claimed(metadata);
      assert.deepEqual([left.id, left.payload, left.priority], [id, 'new', 4]);
      assert.equal(await claim(metadata), undefined);
    });

    onMetadata(open, 'that are released go to the next at once, and the attempt does not count', async (metadata) => {
      await add(metadata, { delayMs: -1000 });
      const { id } = await claimed(metadata);
      assert.equal(await metadata.write((tx) => tx.jobs.release(id, { holder })), true);
      const next = await claimed(metadata, { holder: 'two' });
      assert.deepEqual([next.id, next.attempts, next.holder], [id, 1, 'two']);
    });

    onMetadata(open, 'that are given up stay until somebody lets them wait again', async (metadata) => {
      await add(metadata);
      const { id } = await claimed(metadata);
      assert.equal(await metadata.write((tx) => tx.jobs.retry(id)), undefined, 'it runs');
      assert.equal(await metadata.write((tx) => tx.jobs.giveUp(id, { holder, error: 'never' })), true);
      const given = await find(metadata, { id });
      assert.deepEqual([given?.state, given?.error], ['given-up', 'never']);
      assert.equal(await claim(metadata), undefined);
      const other = await add(metadata);
      const again = await metadata.write((tx) => tx.jobs.retry(id));
      assert.deepEqual([again?.id, again?.state, again?.attempts], [id, 'waiting', 0]);
      assert.equal(await find(metadata, other), undefined, 'two that wait for the same are one');
      assert.equal((await claimed(metadata)).id, id);
    });

    onMetadata(open, 'are removed unless they run', async (metadata) => {
      const { id } = await add(metadata);
      await claimed(metadata);
      assert.equal(await metadata.write((tx) => tx.jobs.remove(id)), false);
      await metadata.write((tx) => tx.jobs.finish(id, { holder }));
      assert.equal(await metadata.write((tx) => tx.jobs.remove(id)), true);
      assert.equal(await metadata.write((tx) => tx.jobs.remove(id)), false);
    });
  });
}
