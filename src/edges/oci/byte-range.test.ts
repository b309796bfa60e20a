import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRange, resolveRange } from './byte-range.ts';

const cases: readonly [header: string | undefined, expected: ReturnType<typeof parseRange>][] = [
  [undefined, undefined],
  ['bytes=0-0', { first: 0, last: 0 }],
  ['bytes=500-1499', { first: 500, last: 1499 }],
  ['bytes=500-', { first: 500, last: undefined }],
  ['bytes=-500', { suffix: 500 }],
  ['Bytes=1-2', { first: 1, last: 2 }],
  ['bytes=500-0', 'unsatisfiable'],
  ['bytes=0-1,4-5', undefined],
  ['bytes=-', undefined],
  ['bytes=a-b', undefined],
  ['bytes=1 -2', undefined],
  ['bytes=--5', undefined],
  ['bytes=0-99999999999999999999', undefined],
  ['items=0-1', undefined],
  ['', undefined],
];
for (const [header, expected] of cases) {
  test(`parseRange ${header}`, () => assert.deepEqual(parseRange(header), expected));
}

test('a resolved range lies within the blob and begins where it was asked to', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.nat(6000), fc.option(fc.nat(6000), { nil: undefined }), (size, first, length) => {
      const last = length === undefined ? undefined : first + length;
      const range = resolveRange({ first, last }, size);
      if (first >= size) return assert.equal(range, 'unsatisfiable');
      assert.deepEqual(range, { first, last: Math.min(last ?? size - 1, size - 1) });
    }),
  );
});

test('a suffix is the end of the blob', () => {
  assert.deepEqual(resolveRange({ suffix: 500 }, 2048), { first: 1548, last: 2047 });
  assert.deepEqual(resolveRange({ suffix: 5000 }, 2048), { first: 0, last: 2047 });
  assert.equal(resolveRange({ suffix: 0 }, 2048), 'unsatisfiable');
  assert.equal(resolveRange({ suffix: 1 }, 0), 'unsatisfiable');
  assert.equal(resolveRange({ first: 0, last: undefined }, 0), 'unsatisfiable');
});
