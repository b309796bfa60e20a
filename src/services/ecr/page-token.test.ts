import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../fault.ts';
import { issueDownloadToken, readDownloadToken } from './layers/download-token.ts';
import { issuePageToken, type Listing, readPageToken } from './page-token.ts';

const keys = { pageToken: new Uint8Array(32).fill(1) };
const listing: Listing = ['ListImages', '123456789012', 'eu-west-1', 'app', 'TAGGED'];
const isRefusal = (error: unknown) =>
  error instanceof Fault && error.code === 'InvalidParameterException' && error.message.includes("'nextToken'");

test('a token brings back the position it was made for', () => {
  for (const position of [7, { imageId: 3, sequence: 9 }, 'name']) {
    assert.deepEqual(readPageToken(keys, listing, issuePageToken(keys, listing, position)), position);
  }
  assert.equal(readPageToken(keys, listing, undefined), undefined);
});

test('a token of another listing, another key, or changed in any character is refused', () => {
  const token = issuePageToken(keys, listing, 7);
  for (let at = 0; at < listing.length; at += 1) {
    const other = listing.with(at, 'other') as unknown as Listing;
    assert.throws(() => readPageToken(keys, other, token), isRefusal, `parameter ${at}`);
  }
  assert.throws(() => readPageToken({ pageToken: new Uint8Array(32) }, listing, token), isRefusal);
  for (let at = 0; at < token.length; at += 1) {
    const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    assert.throws(() => readPageToken(keys, listing, changed), isRefusal, `character ${at}`);
  }
  for (const text of ['', '.', 'x', 'x.y', '{}'])
    assert.throws(() => readPageToken(keys, listing, text), isRefusal, text);
});

test('page tokens and download tokens share a key, but not their use', () => {
  const grant = { accountId: '1', region: 'r', name: 'app', digest: 'sha256:x', expiresAt: 100 };
  const download = issueDownloadToken(keys, grant);
  assert.deepEqual(readDownloadToken(keys, download, 99), grant);
  assert.equal(readDownloadToken(keys, download, 100), undefined);
  assert.throws(() => readPageToken(keys, listing, download), isRefusal);
  assert.equal(readDownloadToken(keys, issuePageToken(keys, listing, 7), 0), undefined);
});
