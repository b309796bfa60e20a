import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeFailure } from './s3-failure.ts';

const from = (name: string, httpStatusCode?: number, more: object = {}) =>
  Object.assign(new Error('secret words'), { name, $metadata: { httpStatusCode }, ...more });

test('failures are told apart by what may help', () => {
  for (const [error, is] of [
    [from('InternalError', 500), 'passing'],
    [from('SlowDown', 503), 'passing'],
    [from('RequestTimeout', 400), 'passing'],
    [from('RequestTimeTooSkewed', 403), 'passing'],
    [from('XAmzContentSHA256Mismatch', 400), 'passing'],
    [from('TimeoutError'), 'passing'],
    [from('Error', undefined, { code: 'ECONNRESET' }), 'passing'],
    [from('SyntaxError', 200), 'passing'],
    [from('NoSuchKey', 404), 'refusal'],
    [from('NotFound', 404), 'refusal'],
    [from('403', 412), 'refusal'],
    [from('NoSuchUpload', 404), 'refusal'],
    [from('NoSuchBucket', 404), 'lasting'],
    [from('AccessDenied', 403), 'lasting'],
    [from('CredentialsProviderError'), 'lasting'],
    [from('PermanentRedirect', 301), 'lasting'],
    [from('InvalidArgument', 400), 'lasting'],
  ] as const) {
    assert.equal(judgeFailure(error).is, is, error.name);
  }
});

test('messages say what to do, and hold nothing of what the store said', () => {
  for (const name of ['NoSuchBucket', 'AccessDenied', 'CredentialsProviderError', 'InternalError']) {
    assert(!judgeFailure(from(name, 403)).error.message.includes('secret words'));
  }
  assert.match(judgeFailure(from('CredentialsProviderError')).error.message, /set s3-access-key-id/);
  assert.match(judgeFailure(from('Error', undefined, { code: 'ECONNREFUSED' })).error.message, /ECONNREFUSED/);
});

test('a full store is told as full', () => {
  for (const error of [from('QuotaExceeded', 403), from('Whatever', 507), from('XMinioStorageFull', 507)]) {
    const { error: told, is } = judgeFailure(error);
    assert(is === 'lasting' && told.full);
  }
});
