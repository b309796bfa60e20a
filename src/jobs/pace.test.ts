import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseAfter } from './pace.ts';
import { retryDelay } from './retry-delay.ts';

test('pauses in proportion to how long a slice was in the way, or longer where the rate asks for it', () => {
  const slice = { busyMs: 8, tookMs: 20, units: 100 };
  assert.equal(pauseAfter({ pauseRatio: 1, ratePerSecond: 0 }, slice), 8);
  assert.equal(pauseAfter({ pauseRatio: 1, ratePerSecond: 1000 }, slice), 80);
  assert.equal(pauseAfter({ pauseRatio: 2, ratePerSecond: 1000 }, { ...slice, units: 1 }), 16);
  assert.equal(pauseAfter({ pauseRatio: 0, ratePerSecond: 1000 }, { ...slice, units: 1 }), 0);
});

test('attempts come later and later, up to a quarter of an hour, never in step', () => {
  const latest = [1, 2, 3, 30].map((attempts) => retryDelay(attempts, () => 1));
  const earliest = [1, 2, 3, 30].map((attempts) => retryDelay(attempts, () => 0));
  assert.deepEqual(latest, [1000, 2000, 4000, 900_000]);
  assert.deepEqual(earliest, [500, 1000, 2000, 450_000]);
});
