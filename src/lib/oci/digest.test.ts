import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf, parseDigest, sha256Digest } from './digest.ts';

const emptySha256 = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('the digest of nothing is the one everybody knows', () => {
  assert.equal(sha256Digest(new Uint8Array()), emptySha256);
});

test('whatever is hashed gives a digest that is read again', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom('sha256' as const, 'sha512' as const), (bytes, algorithm) => {
      const text = digestOf(algorithm, bytes);
      assert.deepEqual(parseDigest(text), { algorithm, hex: text.slice(7), text });
    }),
  );
});

test('other texts are no digests', () => {
  const hex = emptySha256.slice(7);
  const wrong = [
    '',
    hex,
    'sha256:',
    `sha256:${hex.toUpperCase()}`,
    `sha256:${hex.slice(1)}`,
    `sha256:${hex}0`,
    `sha512:${hex}`,
    `SHA256:${hex}`,
    `md5:${hex.slice(0, 32)}`,
    ` ${emptySha256}`,
    `${emptySha256}\n`,
    `sha256:../../${hex.slice(6)}`,
  ];
  for (const text of wrong) assert.equal(parseDigest(text), undefined, JSON.stringify(text));
});
