/** Uploads that go as they should: of any size, in one go, in parts, across restarts. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { BlobAbsent } from '../blob-store.ts';
import type { BlobsUnderTest } from './blobs-under-test.ts';
import { digestOf, fetchBlob, MIB, SIZES, streamOf } from './test-bytes.ts';

export function uploadSuite(at: BlobsUnderTest): void {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    for (const size of SIZES) {
      test(`stores ${size} bytes under their ${algorithm} and gives them back`, async () => {
        const bytes = randomBytes(size);
        const blob = await at.store(bytes, algorithm);
        assert.equal(blob.size, size);
        assert.equal(blob.digest, digestOf(bytes, algorithm));
        assert.equal(await at.blobs.check(blob), 'good');
        assert.deepEqual(await at.blobs.verify(blob), { fingerprint: blob.fingerprint });
        assert.deepEqual(await fetchBlob(at.blobs, blob), { result: 'sent', bytes });
      });
    }
  }

  test('commits an upload to which nothing was ever appended as the empty blob', async () => {
    const blob = await at.blobs.commit(at.begin(), { digest: digestOf(Buffer.alloc(0)), size: 0 });
    assert.deepEqual(await fetchBlob(at.blobs, blob), { result: 'sent', bytes: Buffer.alloc(0) });
  });

  test('two uploads of the same bytes are two objects: removing one leaves the other', async () => {
    const bytes = randomBytes(5000);
    const [one, two] = await Promise.all([at.store(bytes), at.store(bytes)]);
    assert.notEqual(one.location, two.location);
    await at.blobs.remove(one.location);
    assert.equal(await at.blobs.check(one), 'absent');
    assert.equal(await at.blobs.verify(one), 'absent');
    await assert.rejects(at.blobs.open(one), BlobAbsent);
    assert.deepEqual(await fetchBlob(at.blobs, two), { result: 'sent', bytes });
    await at.blobs.remove(one.location);
  });

  test('many uploads at the same time do not get into each other', async () => {
    const all = Array.from({ length: 24 }, (_, i) => randomBytes(i % 3 === 0 ? 2 * MIB : 3000 + i));
    const stored = await Promise.all(all.map((bytes) => at.store(bytes)));
    for (const [i, blob] of stored.entries()) assert.deepEqual((await fetchBlob(at.blobs, blob)).bytes, all[i]);
  });

  for (const parts of [
    [10, 20, 30],
    [MIB - 1, 1, 1, MIB],
    [700_000, 100, 700_000, 5],
    [2 * MIB, 100, 2 * MIB],
  ]) {
    test(`appends in parts of ${parts.join(', ')} bytes`, async () => {
      const bytes = randomBytes(parts.reduce((sum, part) => sum + part, 0));
      const upload = at.begin();
      let offset = 0;
      for (const part of parts) {
        const answer = await at.append(upload, offset, bytes.subarray(offset, offset + part));
        offset += part;
        assert.deepEqual(answer, { offset, complete: true });
      }
      const blob = await at.blobs.commit(upload, { digest: digestOf(bytes), size: bytes.length });
      assert.deepEqual((await fetchBlob(at.blobs, blob)).bytes, bytes);
    });

    test(`goes on after a restart between parts of ${parts.join(', ')} bytes`, async () => {
      const bytes = randomBytes(parts.reduce((sum, part) => sum + part, 0));
      const upload = at.begin();
      let offset = 0;
      for (const part of parts) {
        await at.append(upload, offset, bytes.subarray(offset, offset + part));
        offset += part;
        await at.restart();
      }
      const blob = await at.blobs.commit(upload, { digest: digestOf(bytes), size: bytes.length });
      assert.deepEqual((await fetchBlob(at.blobs, blob)).bytes, bytes);
    });
  }

  test('takes a stream of very many very small chunks, and one of very large ones', async () => {
    const bytes = randomBytes(3 * MIB);
    for (const chunk of [7, 2 * MIB]) {
      const part = bytes.subarray(0, chunk === 7 ? 70_000 : undefined);
      const upload = at.begin();
      await at.append(upload, 0, streamOf(part, chunk));
      const blob = await at.blobs.commit(upload, { digest: digestOf(part), size: part.length });
      assert.deepEqual((await fetchBlob(at.blobs, blob)).bytes, part);
    }
  });
}
