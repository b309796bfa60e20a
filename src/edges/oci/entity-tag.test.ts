import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entityTag, matchesNone, rangeApplies } from './entity-tag.ts';

const tag = entityTag('sha256:ab');

test('If-None-Match names the stored bytes in any of its forms', () => {
  for (const header of [tag, `W/${tag}`, `"x", ${tag}`, `"x",W/${tag} `, '*']) {
    assert.equal(matchesNone(header, tag), true, String(header));
  }
  for (const header of [undefined, '', '"sha256:cd"', 'sha256:ab', 'w/"x"']) {
    assert.equal(matchesNone(header, tag), false, String(header));
  }
});

test('If-Range must name the stored bytes strongly', () => {
  assert.equal(rangeApplies(undefined, tag), true);
  assert.equal(rangeApplies(tag, tag), true);
  assert.equal(rangeApplies(`W/${tag}`, tag), false);
  assert.equal(rangeApplies('Wed, 21 Oct 2015 07:28:00 GMT', tag), false);
});
