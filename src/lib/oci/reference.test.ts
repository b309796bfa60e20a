import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRepositoryName, isTag } from './reference.ts';

/** The pattern as ECR publishes it. */
const published = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;

test('a name is what the published pattern says, 2 to 256 characters long', () => {
  const character = fc.constantFrom('a', 'z', '0', '9', '.', '_', '-', '/', 'A', ' ', 'é');
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
      assert.equal(isRepositoryName(text), text.length >= 2 && published.test(text), text);
    }),
    { numRuns: 5_000 },
  );
});

test('lengths', () => {
  assert.equal(isRepositoryName('a'), false);
  assert.equal(isRepositoryName('a'.repeat(256)), true);
  assert.equal(isRepositoryName('a'.repeat(257)), false);
});

test('names that are tricks are refused', () => {
  for (const name of ['..', '../a', 'a/../b', 'a//b', '/a', 'a/', 'a___b', 'a\u0000b', 'ａｂ', 'a%2fb']) {
    assert.equal(isRepositoryName(name), false, name);
  }
});

test('tags', () => {
  for (const tag of ['1', 'latest', '_x', 'V1.2-rc_3', 'x'.repeat(128)]) assert.equal(isTag(tag), true, tag);
  for (const tag of ['', '.x', '-x', 'a/b', 'a b', 'a:b', 'é', 'x'.repeat(129), 'a\n'])
    assert.equal(isTag(tag), false, tag);
});
