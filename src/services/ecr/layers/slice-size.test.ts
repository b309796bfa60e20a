import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSliceSize } from './slice-size.ts';

test('comes to the number of rows that take as long as wanted', () => {
  for (const msPerRow of [0.005, 0.05, 0.1]) {
    const size = createSliceSize({ targetMs: 4 });
    for (let round = 0; round < 20; round += 1) size.took(size.rows * msPerRow);
    const tookMs = size.rows * msPerRow;
    assert(tookMs > 3 && tookMs < 5, `${size.rows} rows take ${tookMs} ms`);
  }
});

test('stays within bounds whatever it is told', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true })), (times) => {
      const size = createSliceSize();
      for (const ms of times) {
        size.took(ms);
        assert(Number.isInteger(size.rows) && size.rows >= 32 && size.rows <= 1000);
      }
    }),
  );
});
