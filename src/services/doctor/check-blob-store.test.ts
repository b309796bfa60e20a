import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBlobs } from '../../adapters/blobs/memory-blobs.ts';
import { type BlobStore, BlobStoreUnavailable } from '../../ports/blob-store.ts';
import { checkBlobStore } from './check-blob-store.ts';

const use = { name: 's3://bucket/', redirects: false, fetchUrl: async () => Response.error() };

async function check(change: (blobs: BlobStore) => Partial<BlobStore> = () => ({}), more = {}) {
  const blobs = memoryBlobs();
  const findings = await checkBlobStore({ ...blobs, ...change(blobs) }, { ...use, ...more });
  const left: string[] = [];
  for await (const slice of blobs.listObjects()) left.push(...slice.map(({ name }) => name));
  return {
    findings,
    left,
    problems: findings.flatMap(({ verdict, detail }) => (verdict === 'problem' ? [detail] : [])),
  };
}

test('a store that does all it should has no problem, and keeps no probe', async () => {
  const { findings, left } = await check();
  assert.deepEqual(
    findings.map(({ verdict }) => verdict),
    ['good', 'good', 'good'],
  );
  assert.deepEqual(left, []);
});

test('a store that cannot be written is named with what it says', async () => {
  const { problems } = await check(() => ({
    append: async () => {
      throw new BlobStoreUnavailable('AccessDenied');
    },
  }));
  assert.match(problems.join(), /could not be written \(AccessDenied\)/);
});

test('other bytes than were written are noticed, and the probe goes all the same', async () => {
  const { problems, left } = await check((blobs) => ({
    async open(blob, range) {
      const opened = await blobs.open(blob, range);
      return {
        ...opened,
        async send(to) {
          to.end(Buffer.alloc(blob.size));
          return 'sent';
        },
      };
    },
  }));
  assert.match(problems.join(), /could not be read \(other bytes came back/);
  assert.deepEqual(left, []);
});

test('a store that keeps what was deleted is noticed', async () => {
  const { problems } = await check(() => ({ remove: async () => undefined }));
  assert.match(problems.join(), /could not be deleted \(it is still there\)/);
});

test('a presigned URL is fetched in part; one that answers wholly is a problem, one out of reach a warning', async () => {
  const presign = () => ({ presign: async () => 'https://store.example/object?signature' });
  const whole = await check(presign, { redirects: true, fetchUrl: async () => new Response('all of it') });
  assert.match(whole.problems.join(), /https:\/\/store\.example answers 200 to a range/);
  const refused = async () => {
    throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
  };
  const { findings } = await check(presign, { redirects: true, fetchUrl: refused });
  const warning = findings.find(({ verdict }) => verdict === 'warning');
  assert.match(warning?.detail ?? '', /cannot be fetched from here \(connect ECONNREFUSED\)/);
  assert.ok(
    findings.every(({ detail }) => !detail.includes('signature')),
    'the signature is as good as a key',
  );
});
