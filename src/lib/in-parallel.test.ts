import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inParallel } from './in-parallel.ts';

async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of from) all.push(one);
  return all;
}

test('every item is worked on once, never more at once than allowed', async () => {
  let running = 0;
  let most = 0;
  const results = await collect(
    inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++running);
      for (let turns = 0; turns < (item % 3) + 1; turns++) await turn();
      running--;
      return item * 10;
    }),
  );
  assert.deepEqual(results.sort(), [10, 20, 30, 40, 50, 60, 70]);
  assert.equal(most, 3);
});

test('nothing to do is no work', async () => {
  assert.deepEqual(await collect(inParallel([], 3, async () => 1)), []);
});

test('a failure stops the rest, waits for what runs, and is thrown', async () => {
  const begun: number[] = [];
  let ended = 0;
  const work = async (item: number) => {
    begun.push(item);
    await turn();
    if (item === 2) throw new Error('two');
    await turn();
    ended++;
    return item;
  };
  await assert.rejects(collect(inParallel([1, 2, 3, 4, 5, 6, 7, 8, 9], 2, work)), /two/);
  assert.ok(begun.length < 9, `${begun.length} were begun`);
  assert.equal(ended, begun.length - 1, 'the others were waited for');
});

test('a consumer that leaves waits for what is under way', async () => {
  let ended = 0;
  for await (const _ of inParallel([1, 2, 3, 4], 2, async () => {
    await turn();
    ended++;
  })) {
    break;
  }
  const then = ended;
  await turn();
  await turn();
  assert.equal(ended, then);
});
