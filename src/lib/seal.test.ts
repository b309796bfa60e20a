import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { seal, unseal } from './seal.ts';

const key = randomBytes(32);

test('what is sealed is opened with the same key and context', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (secret, context) => {
      assert.equal(unseal(key, seal(key, secret, context), context), secret);
    }),
  );
});

test('another key, another context and any altered byte open nothing', () => {
  const sealed = seal(key, 'secret', 'AKIA1');
  assert.equal(unseal(randomBytes(32), sealed, 'AKIA1'), undefined);
  assert.equal(unseal(key, sealed, 'AKIA2'), undefined);
  for (let index = 0; index < sealed.byteLength; index++) {
    const altered = Uint8Array.from(sealed);
    altered[index]! ^= 1;
    assert.equal(unseal(key, altered, 'AKIA1'), undefined, `byte ${index}`);
    assert.equal(unseal(key, sealed.subarray(0, index), 'AKIA1'), undefined, `cut at ${index}`);
  }
});

test('sealing twice never gives the same bytes', () => {
  assert.notDeepEqual(seal(key, 'secret', ''), seal(key, 'secret', ''));
});
