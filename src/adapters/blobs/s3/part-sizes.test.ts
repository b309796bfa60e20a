import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWorthAPart, MOST_PARTS, plannedPartSize, SMALLEST_PART } from './part-sizes.ts';

const GIB = 1024 ** 3;

function heldBy(parts: number, sizeOf: (number: number) => number): number {
  let sum = 0;
  for (let number = 1; number <= parts; number++) sum += sizeOf(number);
  return sum;
}

test('10,000 parts hold the largest layer of ECR with room to spare, and 1,000 one of 14 GiB', () => {
  assert(heldBy(MOST_PARTS, plannedPartSize) > 5 * 52_000 * 1024 ** 2);
  assert(heldBy(1000, plannedPartSize) > 14 * GIB);
});

test('even when every request brings the least that is made a part, 10,000 hold the largest layer', () => {
  const least = (number: number) => {
    let size = SMALLEST_PART;
    while (!isWorthAPart(size, number)) size += 1024 * 1024;
    return size;
  };
  assert(heldBy(MOST_PARTS, least) > 52_000 * 1024 ** 2);
  assert(!isWorthAPart(SMALLEST_PART - 1, 1), 'S3 refuses smaller ones');
});
