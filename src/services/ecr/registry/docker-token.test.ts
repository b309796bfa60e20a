import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rootCaller } from '../../caller.ts';
import { authorizationToken, dockerTokenLifetimeMs, issueDockerToken, readDockerToken } from './docker-token.ts';

const keys = { dockerToken: new Uint8Array(32).fill(1) };
const caller = rootCaller('123456789012', 'AKIAEXAMPLE');
const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

test('a token names the caller and the region and ends 12 hours later, to the second', () => {
  const { token, expiresAt } = issueDockerToken(keys, { caller, region: 'eu-west-1', now });
  assert.deepEqual(readDockerToken(keys, token), {
    accountId: '123456789012',
    accessKeyId: 'AKIAEXAMPLE',
    region: 'eu-west-1',
    expiresAt,
  });
  assert.equal(expiresAt, Math.floor((now + dockerTokenLifetimeMs) / 1000) * 1000);
});

test('a token has the form of ECR: base64 of a JSON wrapper with payload and expiration', () => {
  const { token, expiresAt } = issueDockerToken(keys, { caller, region: 'eu-west-1', now });
  assert.match(token, /^[A-Za-z0-9+/]+=*$/);
  const wrapper = JSON.parse(Buffer.from(token, 'base64').toString());
  assert.equal(wrapper.expiration, expiresAt / 1000);
  assert.equal(typeof wrapper.payload, 'string');
  const decoded = Buffer.from(authorizationToken(token), 'base64').toString();
  assert.equal(decoded, `AWS:${token}`);
  assert.match(authorizationToken(token), /^QVdTO/);
});

test('a token changed in any one character is not one of ours', () => {
  const { token } = issueDockerToken(keys, { caller, region: 'eu-west-1', now });
  for (let at = 0; at < token.length; at++) {
    for (const character of ['A', 'B', 'g', 'w', '4', '9', '+', '/', '=', '\r', ' ', '-', '_']) {
      if (character === token[at]) continue;
      assert.equal(readDockerToken(keys, token.slice(0, at) + character + token.slice(at + 1)), undefined);
    }
  }
});

test('a later expiration in the wrapper is refused', () => {
  const { token } = issueDockerToken(keys, { caller, region: 'eu-west-1', now });
  const wrapper = JSON.parse(Buffer.from(token, 'base64').toString());
  const longer = Buffer.from(JSON.stringify({ ...wrapper, expiration: wrapper.expiration + 3600 })).toString('base64');
  assert.equal(readDockerToken(keys, longer), undefined);
});

test('a token of another installation, a trailing carriage return and the undecoded authorizationToken are refused', () => {
  const { token } = issueDockerToken({ dockerToken: new Uint8Array(32).fill(2) }, { caller, region: 'eu-west-1', now });
  assert.equal(readDockerToken(keys, token), undefined);
  const ours = issueDockerToken(keys, { caller, region: 'eu-west-1', now }).token;
  assert.equal(readDockerToken(keys, `${ours}\r`), undefined);
  assert.equal(readDockerToken(keys, authorizationToken(ours)), undefined);
});

test('no text whatever makes it throw', () => {
  const wrapped = fc.json().map((json) => Buffer.from(json).toString('base64'));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), wrapped), (text) => readDockerToken(keys, text) === undefined),
  );
});
