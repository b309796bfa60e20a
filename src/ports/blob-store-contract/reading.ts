/** What readers are sent: ranges, URLs, and never a damaged blob as whole. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { PassThrough, Writable } from 'node:stream';
import { test } from 'node:test';
import { BlobAbsent, type OpenBlob } from '../blob-store.ts';
import type { BlobsUnderTest } from './blobs-under-test.ts';
import { collector, fetchBlob, MIB } from './test-bytes.ts';

export function readingSuite(at: BlobsUnderTest): void {
  test('what has no URL says so, and what has one gives it to anybody', async () => {
    const bytes = randomBytes(1000);
    const blob = await at.store(bytes);
    const url = await at.blobs.presign(blob, { method: 'GET', expiresMs: 60_000 });
    if (url === undefined) return;
    const answer = await fetch(url, { headers: { range: 'bytes=10-19' } });
    assert.equal(answer.status, 206);
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes.subarray(10, 20));
  });

  test('sends ranges', async () => {
    const bytes = randomBytes(3 * MIB);
    const blob = await at.store(bytes);
    for (const [first, last] of [
      [0, 0],
      [0, 9],
      [5, MIB + 5],
      [MIB, 2 * MIB - 1],
      [bytes.length - 1, bytes.length - 1],
      [0, bytes.length - 1],
    ] as const) {
      const { result, bytes: sent } = await fetchBlob(at.blobs, blob, { first, last });
      assert.equal(result, 'sent');
      assert.deepEqual(sent, bytes.subarray(first, last + 1));
    }
    for (const [first, last] of [
      [-1, 5],
      [0, bytes.length],
      [9, 5],
    ] as const) {
      await assert.rejects(fetchBlob(at.blobs, blob, { first, last }), RangeError);
    }
  });

  test('a receiver that goes away is no failure', async () => {
    const blob = await at.store(randomBytes(4 * MIB));
    const away = new PassThrough();
    away.destroy();
    assert.equal(await (await at.blobs.open(blob)).send(away), 'aborted');
    const leaving = new Writable({
      write(_chunk, _encoding, done) {
        this.destroy();
        done();
      },
    });
    assert.equal(await (await at.blobs.open(blob)).send(leaving), 'aborted');
    await (await at.blobs.open(blob)).close();
  });

  test('removal does not disturb who is reading', async () => {
    const bytes = randomBytes(3 * MIB);
    const blob = await at.store(bytes);
    const open = await at.blobs.open(blob);
    await at.blobs.remove(blob.location);
    const to = collector();
    assert.equal(await open.send(to.stream), 'sent');
    assert.deepEqual(to.bytes(), bytes);
  });

  const damages: Record<string, (bytes: Buffer) => Buffer | undefined> = {
    'a flipped bit': (bytes) => Buffer.concat([Buffer.from([bytes[0]! ^ 1]), bytes.subarray(1)]),
    'another last byte': (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 0x80])]),
    'a cut end': (bytes) => bytes.subarray(0, -1),
    'no byte left': () => Buffer.alloc(0),
    'a longer end': (bytes) => Buffer.concat([bytes, Buffer.from('x')]),
    'other bytes of the same size': (bytes) => Buffer.from(bytes.map((byte) => byte ^ 0xff)),
    'nothing there': () => undefined,
  };
  for (const [what, change] of Object.entries(damages)) {
    for (const size of [1, 2000, 3 * MIB + 5]) {
      test(`never sends ${size} bytes as whole after damage: ${what}`, async () => {
        const bytes = randomBytes(size);
        const blob = await at.store(bytes);
        await at.harness.tamper(blob.location, change);
        assert.equal(await at.blobs.check(blob), what === 'nothing there' ? 'absent' : 'changed');
        assert.equal(await at.blobs.verify(blob), what === 'nothing there' ? 'absent' : 'damaged');
        const to = collector();
        const sent = await at.blobs.open(blob).then(
          (open) => open.send(to.stream),
          (error) => {
            assert(error instanceof BlobAbsent);
            return 'absent';
          },
        );
        assert(sent === 'damaged' || sent === 'absent', sent);
        assert(to.bytes().length < size);
        const part = await at.blobs.open(blob, { first: size - 1, last: size - 1 }).catch((error: unknown) => error);
        assert(part instanceof BlobAbsent || !(part as OpenBlob).trusted);
        if (!(part instanceof BlobAbsent)) await (part as OpenBlob).close();
        if (sent === 'damaged') assert(to.stream.destroyed);
      });
    }
  }

  test('bytes that only look different are sent whole, but in no range before they are verified', async () => {
    const bytes = randomBytes(2 * MIB + 3);
    const blob = await at.store(bytes);
    await at.harness.tamper(blob.location, (same) => Buffer.from(same));
    if (at.harness.looksByBytes) {
      assert.equal(await at.blobs.check(blob), 'good');
      return;
    }
    assert.equal(await at.blobs.check(blob), 'changed');
    const untrusted = await at.blobs.open(blob, { first: 1, last: 2 });
    assert.equal(untrusted.trusted, false);
    await assert.rejects(untrusted.send(collector().stream), TypeError);
    assert.deepEqual(await fetchBlob(at.blobs, blob), { result: 'sent', bytes });
    const verified = await at.blobs.verify(blob);
    assert(typeof verified === 'object');
    const again = { ...blob, fingerprint: verified.fingerprint };
    assert.equal(await at.blobs.check(again), 'good');
    assert.deepEqual((await fetchBlob(at.blobs, again, { first: 1, last: 2 })).bytes, bytes.subarray(1, 3));
  });
}
