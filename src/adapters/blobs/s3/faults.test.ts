/** A store that fails: what passes is tried again, what does not is told; nothing is said to be stored that is not, nothing damaged is sent as whole. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { appendTo, digestOf, MIB, readBlob, storeBytes } from '../../../../tests/support/blob-bytes.ts';
import {
  type Fault,
  type FaultyStore,
  on,
  operationOf,
  startFaultyStore,
} from '../../../../tests/support/faulty-store.ts';
import type { S3Server } from '../../../../tests/support/request-s3.ts';
import { freshPrefix, useS3Server, whyNoS3 } from '../../../../tests/support/s3-server.ts';
import { BlobAbsent, type BlobStore, BlobStoreUnavailable, UploadLost } from '../../../ports/blob-store.ts';
import { openS3Blobs } from './open-s3-blobs.ts';

const small = randomBytes(200_000);
const large = randomBytes(11 * MIB + 7);

const slowDown: Fault = { answer: 503, code: 'SlowDown' };
const uploads: Record<string, Fault> = {
  'an internal error': { answer: 500 },
  'a plea to slow down': slowDown,
  'too many requests': { answer: 429, code: 'TooManyRequests' },
  'a time-out of its own': { answer: 400, code: 'RequestTimeout' },
  'a reset at once': { cutRequestAfter: 0 },
  'a reset in the middle of the body': { cutRequestAfter: 100_000 },
  'a lost answer': 'lose-answer',
  silence: 'hang',
  'damage on the way': 'damage-request',
  'a page of somebody else': { answer: 200, body: '<html>Welcome!</html>' },
};
const questions: Record<string, Fault> = {
  'an internal error': { answer: 500 },
  'a plea to slow down': slowDown,
  'a reset': { cutRequestAfter: 0 },
  'a lost answer': 'lose-answer',
  silence: 'hang',
};
const completions: Record<string, Fault> = {
  ...questions,
  'an error behind a 200': { answer: 200, body: '<?xml version="1.0"?><Error><Code>InternalError</Code></Error>' },
  'half an answer': { cutAnswerAfter: 60 },
  'a page of somebody else': { answer: 200, body: '<html>Welcome!</html>' },
  'an empty answer': { answer: 200, body: '' },
};

describe('a failing store', { skip: whyNoS3() ?? false, concurrency: 4 }, () => {
  let server: S3Server;
  before(async () => {
    server = await useS3Server();
  });
  after(() => server?.stop());

  async function withStore(
    requestTimeoutMs: number,
    work: (blobs: BlobStore, faulty: FaultyStore) => Promise<unknown>,
  ): Promise<void> {
    const faulty = await startFaultyStore(server.endpoint);
    try {
      const { region, bucket, accessKeyId, secretAccessKey } = server;
      const blobs = await openS3Blobs({
        bucket,
        prefix: freshPrefix(),
        endpoint: faulty.endpoint,
        region,
        pathStyle: true,
        credentials: { accessKeyId, secretAccessKey },
        requestTimeoutMs,
      });
      try {
        await work(blobs, faulty);
      } finally {
        faulty.fail();
        await blobs.close();
      }
    } finally {
      await faulty.stop();
    }
  }

  const pushes: [operation: string, bytes: Buffer, faults: Record<string, Fault>][] = [
    ['PutObject', small, uploads],
    ['UploadPart', large, uploads],
    ['CreateMultipartUpload', large, { ...questions, 'a page of somebody else': uploads['a page of somebody else']! }],
    ['CompleteMultipartUpload', large, completions],
    ['HeadObject', large, questions],
  ];
  for (const [operation, bytes, faults] of pushes) {
    for (const [what, fault] of Object.entries(faults)) {
      // The store works on through silence: what is slow here is waiting for it to be noticed.
      const timeoutMs = fault === 'hang' ? 2500 : 20_000;
      test(`${operation} passes after ${what}`, () =>
        withStore(timeoutMs, async (blobs, faulty) => {
          faulty.fail(on(operation, fault, fault === 'hang' ? 1 : 2));
          const blob = await storeBytes(blobs, bytes);
          const tries = faulty.seen.filter((seen) => operationOf(seen) === operation).length;
          assert(tries > 1, 'it was tried again');
          faulty.fail();
          assert.equal(await blobs.check(blob), 'good');
          assert((await readBlob(blobs, blob)).bytes.equals(bytes));
        }));
    }
    test(`${operation} that fails for ever is told, and nothing is said to be stored`, () =>
      withStore(1500, async (blobs, faulty) => {
        faulty.fail(on(operation, slowDown));
        await assert.rejects(storeBytes(blobs, bytes), (error) => {
          assert(error instanceof BlobStoreUnavailable, String(error));
          assert.match(error.message, /SlowDown|503/);
          assert(!error.full);
          return true;
        });
        faulty.fail();
        assert((await readBlob(blobs, await storeBytes(blobs, bytes))).bytes.equals(bytes), 'it heals by itself');
      }));
  }

  test('a refusal that will not pass is told at once, with what to do', () =>
    withStore(60_000, async (blobs, faulty) => {
      for (const [status, code, says] of [
        [403, 'AccessDenied', /allow .*PutObject/],
        [404, 'NoSuchBucket', /create it/],
        [403, 'SignatureDoesNotMatch', /s3-secret-access-key/],
      ] as const) {
        faulty.fail(on('PutObject', { answer: status, code }));
        await assert.rejects(storeBytes(blobs, small), (error) => {
          assert(error instanceof BlobStoreUnavailable);
          assert.match(error.message, says);
          assert(!error.message.includes(server.secretAccessKey));
          return true;
        });
        assert.equal(faulty.seen.length, 1);
      }
      faulty.fail(on('PutObject', { answer: 507, code: 'InsufficientStorage' }));
      await assert.rejects(storeBytes(blobs, small), (error) => error instanceof BlobStoreUnavailable && error.full);
    }));

  test('a wrong ETag of a part loses the upload, and never makes a blob', () =>
    withStore(20_000, async (blobs, faulty) => {
      faulty.fail(on('UploadPart', { etag: '"00000000000000000000000000000000"' }, 1));
      await assert.rejects(storeBytes(blobs, large), UploadLost);
    }));

  test('a wrong ETag of an object is found out by reading', () =>
    withStore(20_000, async (blobs, faulty) => {
      faulty.fail(on('PutObject', { etag: '"00000000000000000000000000000000"' }, 1));
      const blob = await storeBytes(blobs, small);
      assert.equal(await blobs.check(blob), 'changed');
      assert.deepEqual(await readBlob(blobs, blob), { result: 'sent', bytes: small, destroyed: false });
      const verified = await blobs.verify(blob);
      assert(typeof verified === 'object');
      assert.equal(await blobs.check({ ...blob, ...verified }), 'good');
    }));

  const breaks: Record<string, Fault> = {
    'an internal error': { answer: 500 },
    'a reset before the answer': { cutRequestAfter: 0 },
    'a reset in the middle of the answer': { cutAnswerAfter: 3 * MIB },
    'a reset at its end': { cutAnswerAfter: large.length - 1 },
  };
  for (const [what, fault] of Object.entries(breaks)) {
    test(`a pull goes on after ${what}`, () =>
      withStore(20_000, async (blobs, faulty) => {
        const blob = await storeBytes(blobs, large);
        faulty.fail(on('GetObject', fault, 3));
        const { result, bytes } = await readBlob(blobs, blob);
        assert.equal(result, 'sent');
        assert(bytes.equals(large));
        assert(faulty.seen.length > 1);
        faulty.fail(on('GetObject', fault, 3));
        assert.deepEqual(await blobs.verify(blob), { fingerprint: blob.fingerprint });
        faulty.fail(on('GetObject', fault, 2));
        const range = { first: 5, last: 4 * MIB };
        assert((await readBlob(blobs, blob, range)).bytes.equals(large.subarray(5, 4 * MIB + 1)));
      }));
  }

  test('a pull is one request, whole or in part', () =>
    withStore(20_000, async (blobs, faulty) => {
      const blob = await storeBytes(blobs, large);
      for (const range of [undefined, { first: 0, last: 0 }, { first: 5, last: 4 * MIB }]) {
        faulty.fail();
        const { first, last } = range ?? { first: 0, last: large.length - 1 };
        assert((await readBlob(blobs, blob, range)).bytes.equals(large.subarray(first, last + 1)));
        assert.deepEqual(faulty.seen.map(operationOf), ['GetObject']);
        assert.equal(faulty.seen[0]?.headers.range, range && `bytes=${first}-${last}`);
      }
    }));

  test('a pull that cannot go on is cut, never ended as if it were whole', () =>
    withStore(1500, async (blobs, faulty) => {
      const blob = await storeBytes(blobs, large);
      faulty.fail(on('GetObject', { cutAnswerAfter: MIB }, 1), on('GetObject', slowDown));
      const read = await readBlob(blobs, blob);
      assert(read.result instanceof BlobStoreUnavailable, String(read.result));
      assert(read.bytes.length <= MIB && read.destroyed);
      faulty.fail(on('GetObject', { cutAnswerAfter: 0 }));
      const nothing = await readBlob(blobs, blob);
      assert(nothing.result instanceof BlobStoreUnavailable && nothing.destroyed);
    }));

  test('an answer that is shorter than the blob is never sent as whole', () =>
    withStore(1500, async (blobs, faulty) => {
      const blob = await storeBytes(blobs, large);
      faulty.fail(on('GetObject', { shortenAnswerTo: large.length - 1 }));
      await assert.rejects(blobs.open(blob), BlobAbsent);
      faulty.fail(on('GetObject', { cutAnswerAfter: MIB }, 1), on('GetObject', { shortenAnswerTo: MIB }));
      const read = await readBlob(blobs, blob);
      assert(read.result instanceof BlobStoreUnavailable, String(read.result));
      assert(read.bytes.length < large.length && read.destroyed);
    }));

  test('damage on the way of what is not trusted is withheld', () =>
    withStore(20_000, async (blobs, faulty) => {
      const blob = { ...(await storeBytes(blobs, large)), fingerprint: 'another' };
      faulty.fail(on('GetObject', 'damage-answer', 1));
      const read = await readBlob(blobs, blob);
      assert.equal(read.result, 'damaged');
      assert(read.bytes.length < large.length && read.destroyed);
    }));

  test('an object that is replaced while it is sent is not mixed with its successor', () =>
    withStore(20_000, async (blobs, faulty) => {
      const [blob, other] = [await storeBytes(blobs, large), await storeBytes(blobs, small)];
      faulty.fail(
        on('GetObject', { cutAnswerAfter: MIB }, 1),
        on('GetObject', { answer: 412, code: 'PreconditionFailed' }, 1),
      );
      const read = await readBlob(blobs, blob);
      assert.equal(read.result, 'damaged');
      assert(read.destroyed && read.bytes.length <= MIB);
      faulty.fail(on('GetObject', { cutAnswerAfter: MIB }, 1), on('GetObject', { etag: '"another"' }, 1));
      assert.equal((await readBlob(blobs, blob)).result, 'damaged');
      assert.equal(await blobs.check(other), 'good');
    }));

  test('an append that fails leaves what was acknowledged', () =>
    withStore(1500, async (blobs, faulty) => {
      const begun = await appendTo(blobs, { key: blobs.startUpload(), state: '' }, 0, large);
      for (const [operation, more] of [
        ['PutObject', small],
        ['UploadPart', large],
      ] as const) {
        faulty.fail(on(operation, slowDown));
        await assert.rejects(appendTo(blobs, begun, large.length, more), BlobStoreUnavailable);
      }
      faulty.fail();
      const upload = await appendTo(blobs, begun, large.length, small);
      const bytes = Buffer.concat([large, small]);
      const blob = await blobs.commit(upload, { digest: digestOf(bytes), size: bytes.length });
      assert((await readBlob(blobs, blob)).bytes.equals(bytes));
    }));

  test('readiness is asked often and tried seldom', () =>
    withStore(800, async (blobs, faulty) => {
      faulty.fail();
      await Promise.all(Array.from({ length: 20 }, () => blobs.ping()));
      assert.deepEqual(faulty.seen, [], 'it was written to when the store was opened');
    }));

  test('what cannot be opened says what to do', async () => {
    const faulty = await startFaultyStore(server.endpoint);
    const { region, bucket, accessKeyId, secretAccessKey } = server;
    const credentials = { accessKeyId, secretAccessKey };
    const common = { prefix: freshPrefix(), region, pathStyle: true, requestTimeoutMs: 1000 };
    const { endpoint } = faulty;
    try {
      const missing = openS3Blobs({ ...common, bucket: 'no-such-bucket-here', endpoint, credentials });
      await assert.rejects(missing, /bucket does not exist: create it/);
      const wrong = { accessKeyId, secretAccessKey: 'wrong' };
      await assert.rejects(openS3Blobs({ ...common, bucket, endpoint, credentials: wrong }), /s3-secret-access-key/);
    } finally {
      await faulty.stop();
    }
    await assert.rejects(openS3Blobs({ ...common, bucket, endpoint, credentials }), /ECONNREFUSED/);
  });
});
