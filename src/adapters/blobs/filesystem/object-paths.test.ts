import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitDigest } from '../split-digest.ts';
import { isLocation, isUploadKey, locationOf, newUploadKey, objectPath, uploadPath } from './object-paths.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

test('keys and locations are recognised, and a location follows from key and digest', () => {
  const key = newUploadKey(Date.UTC(2026, 10, 22, 23, 59));
  assert.match(key, /^2026-11-22\.[0-9a-f]{32}$/);
  assert(isUploadKey(key));
  const location = locationOf(key, DIGEST);
  assert.equal(location, `sha256/2026-11-22/${'ab'.repeat(32)}.${key.slice(11)}`);
  assert(isLocation(location));
  assert.equal(uploadPath('/d', key), `/d/uploads/${key}`);
  assert.equal(objectPath('/d', location), `/d/${location}`);
  assert(isLocation(locationOf(key, `sha512:${'0'.repeat(128)}`)));
});

test('nothing else ever becomes a path', () => {
  const almost = [
    '',
    '..',
    '../2026-11-22.00000000000000000000000000000000',
    `2026-11-22.${'0'.repeat(32)}/`,
    `2026-11-22.${'0'.repeat(32)}\n`,
    `2026-11-22.${'A'.repeat(32)}`,
    `sha256/../${'0'.repeat(64)}.${'0'.repeat(32)}`,
    `sha256/2026-11-22/${'0'.repeat(128)}.${'0'.repeat(32)}`,
    `sha256/2026-11-22/${'0'.repeat(64)}.${'0'.repeat(32)}/..`,
  ];
  for (const text of almost) {
    assert.throws(() => uploadPath('/d', text), TypeError);
    assert.throws(() => objectPath('/d', text), TypeError);
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.throws(() => uploadPath('/d', text), TypeError);
      assert.throws(() => objectPath('/d', text), TypeError);
      assert.throws(() => splitDigest(text), TypeError);
      assert.throws(() => locationOf(text, DIGEST), TypeError);
    }),
  );
});
