import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Block, createBlocks } from './blocks.ts';

test('no more blocks are in flight than allowed; who waits longest goes first', async () => {
  const blocks = createBlocks({ inFlight: 2, spare: 1 }, () => {});
  assert.equal(blocks.depart(), undefined);
  assert.equal(blocks.depart(), undefined);
  const order: number[] = [];
  const waiting = [1, 2].map((who) => blocks.depart()?.then(() => order.push(who)));
  assert(waiting.every((each) => each instanceof Promise));
  blocks.arrive();
  await waiting[0];
  assert.deepEqual(order, [1]);
  blocks.arrive();
  await waiting[1];
  assert.deepEqual(order, [1, 2]);
  blocks.arrive();
  blocks.arrive();
  assert.equal(blocks.depart(), undefined);
});

test('blocks are used again, and only some are kept', () => {
  const dropped: Block[] = [];
  const blocks = createBlocks({ inFlight: 1, spare: 1 }, (block) => dropped.push(block));
  const [one, two] = [blocks.take(), blocks.take()];
  blocks.give(one);
  blocks.give(two);
  assert.deepEqual(dropped, [two]);
  assert.equal(blocks.take(), one);
});
