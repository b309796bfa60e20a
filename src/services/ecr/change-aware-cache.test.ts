import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChangeAwareCache } from './change-aware-cache.ts';

const newCache = (maxWeight = 100) =>
  createChangeAwareCache<{ weight: number }>({ maxWeight, weigh: ({ weight }) => weight });
const repositories = (...ids: number[]) => ({ kind: 'repositories' as const, ids: new Set(ids) });
const one = { weight: 1 };

test('a change of a repository takes what belongs to it, and nothing else', () => {
  const cache = newCache();
  cache.put('a', 1, one, cache.version);
  cache.put('b', 1, one, cache.version);
  cache.put('c', 2, one, cache.version);
  cache.forget(repositories(1, 99));
  assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c')], [undefined, undefined, one]);
  cache.forget({ kind: 'everything' });
  assert.equal(cache.get('c'), undefined);
  assert.equal(cache.weight, 0);
});

test('what was read before a change is not kept after it', () => {
  const cache = newCache();
  const version = cache.version;
  cache.forget(repositories(7));
  cache.put('a', 1, one, version);
  assert.equal(cache.get('a'), undefined);
});

test('a name that belongs to a new repository goes with the new one, not with the old', () => {
  const cache = newCache();
  cache.put('a', 1, one, cache.version);
  const newer = { weight: 2 };
  cache.put('a', 2, newer, cache.version);
  cache.forget(repositories(1));
  assert.equal(cache.get('a'), newer);
  cache.forget(repositories(2));
  assert.equal(cache.get('a'), undefined);
});

test('weight is bounded; what was evicted leaves nothing behind', () => {
  const cache = newCache(10);
  for (let at = 0; at < 1000; at += 1) cache.put(`k${at}`, at % 3, { weight: 4 }, cache.version);
  assert.equal(cache.weight, 8);
  cache.put('huge', 1, { weight: 11 }, cache.version);
  assert.equal(cache.get('huge'), undefined);
  cache.forget(repositories(0, 1, 2));
  assert.equal(cache.weight, 0);
});
