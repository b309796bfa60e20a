import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLooks } from './look-once.ts';

test('who asks for the same at once shares an answer; who asks later gets a new one', async () => {
  let asked = 0;
  const look = createLooks({ look: async () => ({ size: ++asked, etag: '' }) });
  const together = await Promise.all(Array.from({ length: 50 }, () => look('one')));
  assert.deepEqual(new Set(together.map((each) => each?.size)), new Set([1]));
  assert.equal((await look('one'))?.size, 2);
});

test('a request that has begun answers nobody who asks afterwards', async () => {
  const answers: ((size: number) => void)[] = [];
  const look = createLooks({
    look: () => new Promise((resolve) => answers.push((size) => resolve({ size, etag: '' }))),
  });
  const before = look('one');
  await new Promise(setImmediate);
  const afterwards = look('one');
  await new Promise(setImmediate);
  assert.equal(answers.length, 2);
  answers[0]?.(1);
  answers[1]?.(2);
  assert.equal((await before)?.size, 1);
  assert.equal((await afterwards)?.size, 2);
});

test('a few are asked at a time, and failures make room, too', async () => {
  let running = 0;
  let most = 0;
  const look = createLooks({
    async look(location) {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      if (location.endsWith('7')) throw new Error('failed');
      return undefined;
    },
  });
  const all = await Promise.allSettled(Array.from({ length: 200 }, (_, i) => look(`${i}`)));
  assert.equal(most, 32);
  assert.equal(all.filter(({ status }) => status === 'rejected').length, 20);
});
