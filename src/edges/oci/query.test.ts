import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { largestPage, nextLink, parsePageSize, parseQuery } from './query.ts';

test('parsePageSize', () => {
  assert.equal(parsePageSize(null), largestPage);
  assert.equal(parsePageSize('0'), 0);
  assert.equal(parsePageSize('7'), 7);
  assert.equal(parsePageSize('10000'), largestPage);
  for (const text of ['', '-1', '1.5', '1e3', '0x10', 'ten', ' 1', '9'.repeat(40)]) {
    assert.equal(parsePageSize(text), undefined, text);
  }
});

test('a link gives back what was put into it, and can not leave its brackets', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (last) => {
      const link = nextLink('/v2/app/tags/list', { n: '5', last, artifactType: undefined });
      const match = /^<(\/v2\/app\/tags\/list)\?([^<>\s"]*)>; rel="next"$/.exec(link);
      assert.ok(match, link);
      const query = parseQuery(match[2] as string);
      assert.equal(query.get('last'), last.toWellFormed());
      assert.equal(query.get('n'), '5');
      assert.equal(query.get('artifactType'), null);
    }),
  );
});

test('no query makes it throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseQuery(text).get('n')));
});
