import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseChunkRange, receivedRange } from './chunk-range.ts';

const cases: readonly [header: string | undefined, expected: ReturnType<typeof parseChunkRange>][] = [
  [undefined, undefined],
  ['0-0', { first: 0, last: 0 }],
  ['100-199', { first: 100, last: 199 }],
  ['bytes 100-199/*', { first: 100, last: 199 }],
  ['bytes 100-199/200', { first: 100, last: 199 }],
  ['bytes=100-199', { first: 100, last: 199 }],
  ['199-100', 'malformed'],
  ['-100', 'malformed'],
  ['100-', 'malformed'],
  ['a-b', 'malformed'],
  ['0-1-2', 'malformed'],
  ['0 - 1', 'malformed'],
  ['', 'malformed'],
  ['0-99999999999999999999', 'malformed'],
];
for (const [header, expected] of cases) {
  test(`parseChunkRange ${header}`, () => assert.deepEqual(parseChunkRange(header), expected));
}

test('any text is a range or malformed, and a range is what it was written as', () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.nat(1e9), (first, length) => {
      assert.deepEqual(parseChunkRange(`${first}-${first + length}`), { first, last: first + length });
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => parseChunkRange(text) !== undefined));
});

test('receivedRange', () => {
  assert.equal(receivedRange(0), '0-0');
  assert.equal(receivedRange(1), '0-0');
  assert.equal(receivedRange(1000), '0-999');
});
