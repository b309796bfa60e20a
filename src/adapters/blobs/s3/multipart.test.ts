/** Uploads of more than a part: what goes up how often, in which order requests may come, and what is left of them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { appendTo, digestOf, MIB, readBlob, storeBytes } from '../../../../tests/support/blob-bytes.ts';
import { type FaultyStore, operationOf, startFaultyStore } from '../../../../tests/support/faulty-store.ts';
import type { S3Server } from '../../../../tests/support/request-s3.ts';
import { freshPrefix, useS3Server, whyNoS3 } from '../../../../tests/support/s3-server.ts';
import { type BlobStore, DigestMismatch, type ListedObject, UploadLost } from '../../../ports/blob-store.ts';
import { openS3Blobs } from './open-s3-blobs.ts';

describe('multipart uploads', { skip: whyNoS3() ?? false }, () => {
  let server: S3Server;
  let watched: FaultyStore;
  let blobs: BlobStore;
  const prefix = freshPrefix();

  function open(): Promise<BlobStore> {
    const { region, bucket, accessKeyId, secretAccessKey } = server;
    const credentials = { accessKeyId, secretAccessKey };
    const { endpoint } = watched;
    return openS3Blobs({ bucket, prefix, endpoint, region, pathStyle: true, credentials, requestTimeoutMs: 60_000 });
  }
  /** The operations that `work` asks of the store, without those that only tidy up. */
  async function operationsOf(work: () => Promise<unknown>): Promise<string[]> {
    watched.fail();
    await work();
    return watched.seen.map(operationOf).filter((operation) => operation !== 'DeleteObject');
  }
  async function leftOf(key: string): Promise<ListedObject[]> {
    const all: ListedObject[] = [];
    for await (const slice of blobs.listObjects()) all.push(...slice.filter(({ upload }) => upload === key));
    return all;
  }
  const begin = () => ({ key: blobs.startUpload(), state: '' });

  before(async () => {
    server = await useS3Server();
    watched = await startFaultyStore(server.endpoint);
    blobs = await open();
  });
  after(async () => {
    await blobs?.close();
    await watched?.stop();
    await server?.stop();
  });

  test('a blob that comes whole and is small is one request, its commit none', async () => {
    const bytes = randomBytes(2 * MIB);
    let upload = begin();
    assert.deepEqual(
      await operationsOf(async () => {
        upload = { ...upload, ...(await appendTo(blobs, upload, 0, bytes)) };
      }),
      ['PutObject'],
    );
    const committed = operationsOf(() => blobs.commit(upload, { digest: digestOf(bytes), size: bytes.length }));
    assert.deepEqual(await committed, []);
  });

  test('a large blob goes up once, in parts of 5 MiB and more, and closing it sends no byte', async () => {
    const bytes = randomBytes(23 * MIB + 5);
    let upload = begin();
    const appended = await operationsOf(async () => {
      upload = { ...upload, ...(await appendTo(blobs, upload, 0, bytes)) };
    });
    const parts = watched.seen.filter((seen) => operationOf(seen) === 'UploadPart');
    const sizes = parts.map(({ headers }) => Number(headers['content-length']));
    assert.deepEqual([...new Set(appended)].sort(), ['CreateMultipartUpload', 'UploadPart']);
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      bytes.length,
    );
    assert(Math.min(...sizes) >= 5 * MIB && Math.max(...sizes) <= 10 * MIB, String(sizes));

    let blob = await storeBytes(blobs, randomBytes(1));
    const committed = await operationsOf(async () => {
      blob = await blobs.commit(upload, { digest: digestOf(bytes), size: bytes.length });
    });
    assert.deepEqual(committed, ['CompleteMultipartUpload', 'HeadObject']);
    assert.equal(await blobs.check(blob), 'good');
    const read = await readBlob(blobs, blob);
    assert.equal(read.result, 'sent');
    assert(read.bytes.equals(bytes));
    const range = { first: 5 * MIB - 3, last: 11 * MIB };
    assert((await readBlob(blobs, blob, range)).bytes.equals(bytes.subarray(range.first, range.last + 1)));
  });

  const chunkings: Record<string, number[]> = {
    'each more than a part': [6 * MIB, 7 * MIB, 8 * MIB],
    'each less than a part': [2 * MIB, 3 * MIB + 1, 4 * MIB, 4 * MIB, 1],
    'small ones behind a large one': [11 * MIB, 10, 1, 300_000],
    'small ones before a large one': [1, 10, 300_000, 13 * MIB],
    'exactly parts': [5 * MIB, 5 * MIB, 5 * MIB, 5 * MIB],
  };
  for (const [what, sizes] of Object.entries(chunkings)) {
    for (const where of ['here', 'each through another node'] as const) {
      test(`requests of many sizes make one blob: ${what}, ${where}`, async () => {
        const bytes = randomBytes(sizes.reduce((sum, size) => sum + size, 0));
        let upload = begin();
        let offset = 0;
        for (const size of sizes) {
          const node = where === 'here' ? blobs : await open();
          upload = { ...upload, ...(await appendTo(node, upload, offset, bytes.subarray(offset, offset + size))) };
          offset += size;
          if (node !== blobs) await node.close();
        }
        const node = where === 'here' ? blobs : await open();
        const wrong = node.commit(upload, { digest: digestOf(randomBytes(9)), size: offset });
        await assert.rejects(wrong, (error) => error instanceof DigestMismatch && error.actual === digestOf(bytes));
        const blob = await node.commit(upload, { digest: digestOf(bytes), size: offset });
        assert((await readBlob(blobs, blob)).bytes.equals(bytes));
        if (node !== blobs) await node.close();
      });
    }
  }

  test('another node closes without reading when one request brought all', async () => {
    const bytes = randomBytes(12 * MIB);
    const upload = await appendTo(blobs, begin(), 0, bytes);
    const other = await open();
    const asked = await operationsOf(() => other.commit(upload, { digest: digestOf(bytes), size: bytes.length }));
    assert.deepEqual(asked, ['CompleteMultipartUpload', 'HeadObject']);
    await other.close();
  });

  test('a commit whose row was never written can be done again, and reads to be sure', async () => {
    const bytes = randomBytes(12 * MIB);
    const upload = await appendTo(blobs, begin(), 0, bytes);
    const expected = { digest: digestOf(bytes), size: bytes.length };
    const first = await blobs.commit(upload, expected);
    const other = await open();
    assert.deepEqual(await other.commit(upload, expected), first);
    await assert.rejects(other.commit(upload, { ...expected, size: 7 * MIB }), UploadLost);
    // Some stores take parts for what they have completed, and complete it anew.
    const more = randomBytes(11 * MIB);
    const longer = { digest: digestOf(Buffer.concat([bytes, more])), size: bytes.length + more.length };
    const going = async () => other.commit(await appendTo(other, upload, bytes.length, more), longer);
    const outcome = await going().catch((error: unknown) => error as Error);
    if (outcome instanceof Error) assert(outcome instanceof UploadLost, String(outcome));
    else assert((await readBlob(blobs, outcome)).bytes.equals(Buffer.concat([bytes, more])));
    await other.close();
  });

  test('parts that a stalled process sends late are never taken for those of the row', async () => {
    const start = randomBytes(11 * MIB);
    const row = await appendTo(blobs, begin(), 0, start);
    const [late, good] = [randomBytes(12 * MIB), randomBytes(12 * MIB)];
    const upload = await appendTo(blobs, row, 11 * MIB, good);
    // Under the same numbers.
    await appendTo(blobs, row, 11 * MIB, late);
    await assert.rejects(blobs.commit(upload, { digest: 'sha256:'.padEnd(71, '0'), size: 23 * MIB }), DigestMismatch);
    const digest = digestOf(Buffer.concat([start, good]));
    await assert.rejects(blobs.commit(upload, { digest, size: 23 * MIB }), UploadLost);
  });

  test('what a stalled process completed is never taken for the bytes of its successor', async () => {
    const start = randomBytes(11 * MIB);
    const row = await appendTo(blobs, begin(), 0, start);
    const [late, good] = [randomBytes(12 * MIB), randomBytes(12 * MIB)];
    const stalled = await open();
    const ours = await appendTo(blobs, row, start.length, good);
    const theirs = await appendTo(stalled, row, start.length, late);
    const size = start.length + late.length;
    await stalled.commit(theirs, { digest: digestOf(Buffer.concat([start, late])), size });
    await stalled.close();
    const committing = blobs.commit(ours, { digest: digestOf(Buffer.concat([start, good])), size });
    await assert.rejects(committing, (error) => error instanceof DigestMismatch || error instanceof UploadLost);
  });

  for (const tail of [0, 1000]) {
    for (const isCommitted of [false, true]) {
      const what = `${isCommitted ? 'a committed' : 'an open'} upload with a tail of ${tail} bytes`;
      test(`a successor has its own of ${what}, whatever the one before still does`, async () => {
        const start = randomBytes(11 * MIB);
        let row = await appendTo(blobs, begin(), 0, start);
        const acknowledged = Buffer.concat([start, randomBytes(tail)]);
        if (tail > 0) row = await appendTo(blobs, row, start.length, acknowledged.subarray(start.length));
        const expected = { digest: digestOf(acknowledged), size: acknowledged.length };
        const first = isCommitted ? await blobs.commit(row, expected) : undefined;
        const other = await open();
        const taken = await other.takeOver(row, acknowledged.length);
        if (first) assert.equal(await blobs.check(first), 'good');

        const late = appendTo(blobs, row, acknowledged.length, randomBytes(12 * MIB)).catch((error: unknown) => error);
        const good = randomBytes(12 * MIB);
        const whole = Buffer.concat([acknowledged, good]);
        const upload = await appendTo(other, taken, acknowledged.length, good);
        const blob = await other.commit(upload, { digest: digestOf(whole), size: whole.length });
        const outcome = await late;
        assert(!(outcome instanceof Error) || outcome instanceof UploadLost, String(outcome));
        await appendTo(blobs, row, acknowledged.length, randomBytes(12 * MIB)).catch(() => undefined);
        await other.abort(row);
        assert((await readBlob(other, blob)).bytes.equals(whole));
        await other.close();
      });
    }
  }

  test('a client that goes away leaves what came, parts and tail', async () => {
    const bytes = randomBytes(13 * MIB);
    const source = new PassThrough();
    const going = blobs.append(begin(), 0, source, { algorithm: 'sha256', limit: 1e9 });
    for (let at = 0; at < bytes.length; at += MIB) {
      if (!source.write(bytes.subarray(at, at + MIB))) await new Promise((resume) => source.once('drain', resume));
    }
    await new Promise((later) => setTimeout(later, 50));
    source.destroy(new Error('gone'));
    const { offset, complete } = await going;
    assert.equal(complete, false);
    assert(offset > 0 && offset <= bytes.length);
  });

  test('aborting leaves nothing, of lost attempts neither', async () => {
    const row = begin();
    await appendTo(blobs, row, 0, randomBytes(11 * MIB));
    const upload = await appendTo(blobs, row, 0, randomBytes(11 * MIB + 1));
    const longer = await appendTo(blobs, upload, 11 * MIB + 1, randomBytes(100));
    assert((await leftOf(row.key)).length >= 3);
    await blobs.abort(longer);
    assert.deepEqual(await leftOf(row.key), []);
    await assert.rejects(appendTo(blobs, longer, 11 * MIB + 101, randomBytes(1)), UploadLost);
  });

  test('what a commit leaves behind is listed and can be swept, the blob stays', async () => {
    const row = begin();
    await appendTo(blobs, row, 0, randomBytes(12 * MIB));
    const bytes = randomBytes(12 * MIB);
    const upload = await appendTo(blobs, row, 0, bytes);
    const blob = await blobs.commit(upload, { digest: digestOf(bytes), size: bytes.length });
    for (const { name } of await leftOf(row.key)) if (name !== blob.location) await blobs.remove(name);
    assert.deepEqual(
      (await leftOf(row.key)).map(({ name }) => name),
      [blob.location],
    );
    assert.equal(await blobs.check(blob), 'good');
  });

  test('memory of an upload is bounded, however large it is', async () => {
    const size = 150 * MIB;
    const block = randomBytes(MIB);
    let highest = 0;
    const { arrayBuffers: before } = process.memoryUsage();
    async function* give() {
      for (let sent = 0; sent < size; sent += block.length) {
        yield block;
        highest = Math.max(highest, process.memoryUsage().arrayBuffers - before);
      }
    }
    const source = Readable.from(give(), { objectMode: false });
    const upload = await appendTo(blobs, begin(), 0, source);
    await blobs.abort(upload);
    // Twenty are in use; what nobody has collected yet counts as well.
    assert(highest < 96 * MIB, `${highest} bytes at the height of it`);
  });

  test('urls of the store give the bytes to anybody', async () => {
    const bytes = randomBytes(6 * MIB);
    const blob = await storeBytes(blobs, bytes);
    const url = (await blobs.presign(blob, { method: 'GET', expiresMs: 60_000 })) ?? '';
    const whole = await fetch(url);
    assert.equal(whole.headers.get('content-type'), 'application/octet-stream');
    assert(Buffer.from(await whole.arrayBuffer()).equals(bytes));
    const part = await fetch(url, { headers: { range: 'bytes=5-9' } });
    assert.equal(part.status, 206);
    assert(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(5, 10)));
    const head = await fetch((await blobs.presign(blob, { method: 'HEAD', expiresMs: 60_000 })) ?? '', {
      method: 'HEAD',
    });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('content-length'), String(bytes.length));
    assert.equal((await fetch(url.replace(/Signature=..../, 'Signature=0000'))).status, 403);
  });
});
