import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobRecord } from '../../../ports/records.ts';
import { checkLayers, imageSizeOf } from './required-layers.ts';

const foreign = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
const descriptor = (digest: string, size = 1, mediaType = 'x') => ({ digest, size, mediaType });
const stored = (...layers: readonly [string, number][]) =>
  new Map(layers.map(([digest, size]) => [digest, { blob: { size } as BlobRecord }]));

test('missing layers are named in the order of the manifest, each once', () => {
  const check = checkLayers([descriptor('c'), descriptor('b'), descriptor('a'), descriptor('b')], stored(['a', 1]));
  assert.deepEqual(check, { missing: ['c', 'b'], wrongSize: [], kept: ['a'] });
});

test('a size that is not the stored one is wrong, config or layer', () => {
  const wrong = descriptor('b', 7);
  const check = checkLayers([descriptor('a'), wrong], stored(['a', 1], ['b', 8]));
  assert.deepEqual(check.wrongSize, [wrong]);
});

test('non-distributable layers may be absent, and are kept and checked when they are here', () => {
  assert.deepEqual(checkLayers([descriptor('f', 5, foreign)], stored()), { missing: [], wrongSize: [], kept: [] });
  assert.deepEqual(checkLayers([descriptor('f', 5, foreign)], stored(['f', 5])).kept, ['f']);
  assert.equal(checkLayers([descriptor('f', 5, foreign)], stored(['f', 6])).wrongSize.length, 1);
});

test('the size of an image counts each layer once', () => {
  assert.equal(
    imageSizeOf([descriptor('config', 10), descriptor('a', 100), descriptor('b', 7), descriptor('a', 100)]),
    117,
  );
  assert.equal(imageSizeOf([]), 0);
});
