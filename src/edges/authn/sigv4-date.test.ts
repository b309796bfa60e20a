import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../../services/fault.ts';
import { checkSigningTime, signingTime } from './sigv4-date.ts';

const now = Date.UTC(2026, 10, 22, 12, 0, 0);
const minute = 60_000;

const faultOf = (work: () => void): [string, string] | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    const { code, message } = error as Fault;
    return [code, message];
  }
};
const checkAt = (ms: number, scopeDate = '20261122') => {
  const time = signingTime(`${new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '')}`);
  return faultOf(() => checkSigningTime(time, scopeDate, now));
};

test('a clock may be up to five minutes off', () => {
  for (const n of [-5, -4, 0, 4, 5]) assert.equal(checkAt(now + n * minute), undefined);
  assert.deepEqual(checkAt(now - 6 * minute), [
    'InvalidSignatureException',
    'Signature expired: 20261122T115400Z is now earlier than 20261122T115500Z (20261122T120000Z - 5 min.)',
  ]);
  assert.deepEqual(checkAt(now + 6 * minute), [
    'InvalidSignatureException',
    'Signature not yet current: 20261122T120600Z is still later than 20261122T120500Z (20261122T120000Z + 5 min.)',
  ]);
});

test('the scope has to be of the same day', () => {
  assert.deepEqual(checkAt(now, '20261121'), [
    'InvalidSignatureException',
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261121' != '20261122', from '20261122T120000Z'.",
  ]);
});

test('both spellings of a time are read', () => {
  assert.deepEqual(signingTime('20261122T120000Z'), { text: '20261122T120000Z', ms: now });
  assert.deepEqual(signingTime('Sun, 22 Nov 2026 12:00:00 GMT'), { text: '20261122T120000Z', ms: now });
});

test('what is no time is an incomplete signature', () => {
  for (const text of [
    '2026-11-22T12:00:00Z',
    '20261399T120000Z',
    '20261122T250000Z',
    'Nonsense GMT',
    '',
    'T',
    '1'.repeat(5000),
  ]) {
    assert.deepEqual(
      faultOf(() => signingTime(text)),
      [
        'IncompleteSignatureException',
        `Date must be in ISO-8601 'basic format'. Got '${text}'. See http://en.wikipedia.org/wiki/ISO_8601`,
      ],
    );
  }
});
