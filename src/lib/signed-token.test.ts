import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { signToken, verifyToken } from './signed-token.ts';

const key = new Uint8Array(32).fill(7);

test('what was signed comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
      assert.deepEqual(verifyToken(key, signToken(key, payload)), Buffer.from(payload));
    }),
  );
});

test('a token changed in any one character is refused', () => {
  const token = signToken(key, 'account 000000000000');
  const other = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ';
  for (let at = 0; at < token.length; at++) {
    for (const character of other) {
      if (character === token[at]) continue;
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      assert.equal(verifyToken(key, changed), undefined, changed);
    }
  }
});

test('another key, a cut token, a longer token and any other text are refused', () => {
  const token = signToken(key, 'x');
  assert.equal(verifyToken(new Uint8Array(32).fill(8), token), undefined);
  assert.equal(verifyToken(key, token.slice(0, -1)), undefined);
  assert.equal(verifyToken(key, `${token}A`), undefined);
  assert.equal(verifyToken(key, `${token}.`), undefined);
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => verifyToken(key, text) === undefined));
});
