import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Fault } from '../../services/fault.ts';
import { parseBody } from './parse-body.ts';

const parse = (text: string) => parseBody(Buffer.from(text), 'blob') as Record<string, unknown>;

/** More than what is parsed the plain way. */
const bytes = Buffer.from(Array.from({ length: 3 * 1024 * 1024 + 1 }, (_, i) => i * 7));
const base64 = bytes.toString('base64');

test('an empty body counts as an empty structure', () => {
  assert.deepEqual(parse(''), {});
});

test('what is no JSON in UTF-8 is a SerializationException', () => {
  for (const body of [
    Buffer.from('{'),
    Buffer.from('{"a":"\xff"}', 'latin1'),
    Buffer.from('\ufeff{}'),
    Buffer.from('\u0000'),
  ]) {
    assert.throws(
      () => parseBody(body),
      (error: Fault) => error.code === 'SerializationException',
    );
  }
});

test('a large blob is decoded while the rest is parsed', () => {
  for (const text of [`{"blob":"${base64}"}`, `{ "a" : 1 , "blob" \n:\t "${base64}" , "b":"blob" }`]) {
    const parsed = parse(text);
    assert.ok(parsed.blob instanceof Uint8Array);
    assert.equal(bytes.equals(parsed.blob), true);
    const { blob: _, ...rest } = JSON.parse(text);
    const { blob: __, ...parsedRest } = parsed;
    assert.deepEqual(parsedRest, rest);
  }
});

test('where the blob does not stand plainly, JSON decides', () => {
  const escaped = base64.replaceAll('/', '\\/');
  for (const [text, blob] of [
    [`{"blob":"${escaped}"}`, base64],
    [`{"blob":"${base64}!"}`, `${base64}!`],
    [`{"blob":"${base64}","blob":"b"}`, 'b'],
    [`{"a":{"blob":"${base64}"},"blob":"b"}`, 'b'],
    [`{"a":{"blob":"${base64}"}}`, undefined],
    [`{"a":"\\"blob\\":\\"","b":"${base64}"}`, undefined],
    [`{"blob":["${base64}"]}`, [base64]],
    [`{"blob":"AA==${base64}"}`, `AA==${base64}`],
    [`{"x\\"blob":"${base64}"}`, undefined],
  ] as const) {
    assert.deepEqual(parse(text).blob, blob);
  }
  for (const broken of [`{"blob":"${base64}`, `{"blob":"${base64}"`, `"blob":"${base64}"`, `{"blob"`.padEnd(100_000)]) {
    assert.throws(
      () => parse(broken),
      (error: Fault) => error.code === 'SerializationException',
    );
  }
});

test('a lifted blob and a plain one are the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(3), (tail, cut) => {
      const content = Buffer.concat([bytes.subarray(cut), tail]);
      const lifted = parse(`{"blob":"${content.toString('base64')}"}`).blob as Uint8Array;
      assert.equal(content.equals(lifted), true);
    }),
    { numRuns: 10 },
  );
});
