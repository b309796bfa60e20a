import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseForm } from './parse-form.ts';

const parsed = (text: string) => [...(parseForm(text) ?? [])];

test('parameters are decoded, the first of a name counts', () => {
  assert.deepEqual(parsed('Action=A+b%2B&x=%C3%A4&Action=C&y&=z&&'), [
    ['Action', 'A b+'],
    ['x', 'ä'],
    ['y', ''],
    ['', 'z'],
  ]);
});

test('what is broken is no error', () => {
  assert.deepEqual(parsed('a=%zz&b=%u0041&c=%ff&__proto__=d'), [
    ['a', '%zz'],
    ['b', '%u0041'],
    ['c', '\ufffd'],
    ['__proto__', 'd'],
  ]);
  assert.deepEqual(parsed(''), []);
});

test('a thousand parameters are the most', () => {
  const form = (n: number) => Array.from({ length: n }, (_, i) => `p${i}=1`).join('&');
  assert.equal(parseForm(form(1000))?.size, 1000);
  assert.equal(parseForm(form(1001)), undefined);
});

test('reads what a client writes', () => {
  const pairs = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), {
    selector: ([name]) => name,
  });
  fc.assert(fc.property(pairs, (given) => assert.deepEqual(parsed(new URLSearchParams(given).toString()), given)));
});
