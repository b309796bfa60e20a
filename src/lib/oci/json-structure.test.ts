import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findJsonFlaw } from './json-structure.ts';

test('what JSON.stringify writes has no flaw', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      assert.equal(findJsonFlaw(JSON.stringify(value), 20), undefined);
    }),
  );
});

test('a key that stands twice in one object is found wherever it is', () => {
  const key = fc.string();
  fc.assert(
    fc.property(
      key,
      fc.jsonValue(),
      fc.array(fc.constantFrom('array', 'object'), { maxLength: 5 }),
      (name, value, path) => {
        const twice = `{${JSON.stringify(name)}: ${JSON.stringify(value)}, ${JSON.stringify(name)}:1}`;
        const nested = path.reduce((inner, kind) => (kind === 'array' ? `[0,${inner}]` : `{"x":${inner}}`), twice);
        assert.deepEqual(findJsonFlaw(nested, 20), { kind: 'duplicate-key', key: name });
      },
    ),
  );
});

test('a key spelled with escapes is the same key', () => {
  assert.deepEqual(findJsonFlaw('{"a":1,"\\u0061":2}', 5), { kind: 'duplicate-key', key: 'a' });
  assert.deepEqual(findJsonFlaw('{"a\\"b":1,"a\\"b":2}', 5), { kind: 'duplicate-key', key: 'a"b' });
  assert.deepEqual(findJsonFlaw('{"__proto__":1,"__proto__":2}', 5), { kind: 'duplicate-key', key: '__proto__' });
});

test('the same key in different objects, and text that looks like keys, is no flaw', () => {
  assert.equal(findJsonFlaw('[{"a":1},{"a":1},{"b":{"a":1},"a":"a"}]', 5), undefined);
  assert.equal(findJsonFlaw('{"a":"\\"a\\":1,","b":["a","a"]}', 5), undefined);
});

test('nesting is counted, not walked into', () => {
  assert.equal(findJsonFlaw('[[[]]]', 3), undefined);
  assert.deepEqual(findJsonFlaw('[[[[]]]]', 3), { kind: 'too-deep' });
  assert.deepEqual(findJsonFlaw('['.repeat(4_000_000), 64), { kind: 'too-deep' });
});

test('text that is not JSON never makes it throw', () => {
  const piece = fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', 'a', '\\u00', '\u0000', '"a":', '\ud800');
  fc.assert(
    fc.property(fc.string({ unit: piece, maxLength: 40 }), (text) => {
      findJsonFlaw(text, 8);
    }),
    { numRuns: 5_000 },
  );
});
