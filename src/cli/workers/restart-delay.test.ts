import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterLife, noLives } from './restart-delay.ts';

test('a worker that keeps ending waits longer each time, up to half a minute, until it has lived a while', () => {
  let lives = noLives;
  const delays: number[] = [];
  for (let index = 0; index < 11; index++) {
    lives = afterLife(lives, 10);
    delays.push(lives.delayMs);
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  assert.equal(lives.short, 11);
  assert.deepEqual(afterLife(lives, 60_000), { short: 1, delayMs: 100 });
});
