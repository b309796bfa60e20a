/** Uploads that break off, are refused, lose bytes, or crash between object and row. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { DigestMismatch, UploadLost, UploadTooLarge } from '../blob-store.ts';
import type { BlobsUnderTest } from './blobs-under-test.ts';
import { breakingStream, digestOf, fetchBlob, MIB, streamOf } from './test-bytes.ts';

export function interruptionSuite(at: BlobsUnderTest): void {
  for (const size of [5000, 3 * MIB]) {
    test(`what lies beyond the offset was never acknowledged and is cut off (${size} bytes)`, async () => {
      const good = randomBytes(size);
      const upload = at.begin();
      await at.append(upload, 0, good.subarray(0, size - 1000));
      await at.append({ ...upload }, size - 1000, randomBytes(4000));
      assert.deepEqual(await at.append(upload, size - 1000, good.subarray(size - 1000)), {
        offset: size,
        complete: true,
      });
      const blob = await at.blobs.commit(upload, { digest: digestOf(good), size });
      assert.deepEqual((await fetchBlob(at.blobs, blob)).bytes, good);
    });

    test(`a commit cuts off what came behind its bytes and was not recorded (${size} bytes)`, async () => {
      const bytes = randomBytes(size);
      const upload = at.begin();
      await at.append(upload, 0, bytes);
      await at.append({ ...upload }, size, randomBytes(333));
      const blob = await at.blobs.commit(upload, { digest: digestOf(bytes), size });
      assert.deepEqual((await fetchBlob(at.blobs, blob)).bytes, bytes);
    });

    test(`a source that breaks off leaves what came, and the upload goes on (${size} bytes)`, async () => {
      const bytes = randomBytes(size);
      const came = size - 500;
      const upload = at.begin();
      const broken = await at.append(upload, 0, breakingStream(bytes.subarray(0, came)));
      assert.deepEqual(broken, { offset: came, complete: false });
      assert.deepEqual(await at.append(upload, came, bytes.subarray(came)), { offset: size, complete: true });
      const blob = await at.blobs.commit(upload, { digest: digestOf(bytes), size });
      assert.deepEqual((await fetchBlob(at.blobs, blob)).bytes, bytes);
    });

    test(`refuses more than the limit and keeps what was acknowledged (${size} bytes)`, async () => {
      const bytes = randomBytes(size);
      const upload = at.begin();
      await at.append(upload, 0, bytes);
      const tooMuch = at.blobs.append(upload, size, streamOf(randomBytes(2 * MIB)), {
        algorithm: 'sha256',
        limit: size + MIB,
      });
      await assert.rejects(tooMuch, UploadTooLarge);
      const blob = await at.blobs.commit(upload, { digest: digestOf(bytes), size });
      assert.deepEqual((await fetchBlob(at.blobs, blob)).bytes, bytes);
    });

    test(`a wrong digest leaves the upload open (${size} bytes)`, async () => {
      const bytes = randomBytes(size);
      const upload = at.begin();
      await at.append(upload, 0, bytes.subarray(0, size - 10));
      const wrong = at.blobs.commit(upload, { digest: digestOf(bytes), size: size - 10 });
      await assert.rejects(wrong, (error) => {
        assert(error instanceof DigestMismatch);
        assert.equal(error.actual, digestOf(bytes.subarray(0, size - 10)));
        return true;
      });
      await at.append(upload, size - 10, bytes.subarray(size - 10));
      await at.blobs.commit(upload, { digest: digestOf(bytes), size });
    });

    test(`an upload that lost bytes is lost (${size} bytes)`, async () => {
      const bytes = randomBytes(size);
      const upload = at.begin();
      await at.append(upload, 0, bytes);
      await at.restart();
      await at.harness.tamper(upload.key, (all) => all.subarray(0, size - 1));
      await assert.rejects(at.append(upload, size, randomBytes(10)), UploadLost);
      await assert.rejects(at.blobs.commit(upload, { digest: digestOf(bytes), size }), UploadLost);
    });

    test(`a commit that a crash cut off before its row can be done again (${size} bytes)`, async () => {
      const bytes = randomBytes(size);
      const upload = at.begin();
      await at.append(upload, 0, bytes);
      const first = await at.blobs.commit(upload, { digest: digestOf(bytes), size });
      await at.restart();
      const second = await at.blobs.commit(upload, { digest: digestOf(bytes), size });
      assert.equal(second.location, first.location);
      assert.equal(await at.blobs.check(second), 'good');
      assert.deepEqual((await fetchBlob(at.blobs, second)).bytes, bytes);
    });

    test(`an upload goes on after a commit whose row was never written (${size} bytes)`, async () => {
      const [bytes, half] = [randomBytes(size), size / 2];
      const upload = at.begin();
      await at.append(upload, 0, bytes.subarray(0, half));
      const row = { ...upload };
      await at.append(upload, half, bytes.subarray(half));
      const first = await at.blobs.commit(upload, { digest: digestOf(bytes), size });
      const others = await Promise.all([at.store(bytes), at.store(randomBytes(size))]);

      const longer = Buffer.concat([bytes.subarray(0, half), randomBytes(size)]);
      const going = { ...row };
      const answer = await at.append(going, half, longer.subarray(half));
      assert.deepEqual(answer, { offset: longer.length, complete: true });
      await at.assertLeftover(upload, first);
      const second = await at.blobs.commit(going, { digest: digestOf(longer), size: longer.length });
      assert.deepEqual((await fetchBlob(at.blobs, second)).bytes, longer);

      await at.restart();
      const begun = { digest: digestOf(bytes.subarray(0, half)), size: half };
      await assert.rejects(at.blobs.commit(row, { ...begun, digest: digestOf(bytes) }), DigestMismatch);
      const third = await at.blobs.commit(row, begun);
      assert.deepEqual((await fetchBlob(at.blobs, third)).bytes, bytes.subarray(0, half));
      await at.assertLeftover(upload, second);
      for (const other of others) assert.equal(await at.blobs.check(other), 'good', 'what others stored stays');
    });

    test(`of two commits whose rows were never written the later one counts (${size} bytes)`, async () => {
      const [outdated, bytes] = [randomBytes(size), randomBytes(size)];
      const upload = at.begin();
      const lost = { ...upload };
      await at.append(lost, 0, outdated);
      await at.blobs.commit(lost, { digest: digestOf(outdated), size });
      await at.append(upload, 0, bytes.subarray(0, size - 1));
      const row = { ...upload };
      await at.append(row, size - 1, bytes.subarray(size - 1));
      await at.blobs.commit(row, { digest: digestOf(bytes), size });
      await at.restart();
      await at.append(upload, size - 1, bytes.subarray(size - 1));
      const blob = await at.blobs.commit(upload, { digest: digestOf(bytes), size });
      assert.deepEqual((await fetchBlob(at.blobs, blob)).bytes, bytes);
    });
  }

  test('an upload that is not there is lost, and aborting it is fine', async () => {
    const upload = at.begin();
    await assert.rejects(at.append(upload, 5, randomBytes(5)), UploadLost);
    await assert.rejects(at.blobs.commit(upload, { digest: digestOf(randomBytes(5)), size: 5 }), UploadLost);
    await at.blobs.abort(upload);
  });

  test('an aborted upload is gone with its bytes', async () => {
    const upload = at.begin();
    await at.append(upload, 0, randomBytes(2 * MIB));
    assert((await at.leftOf(upload)).length > 0);
    await at.blobs.abort(upload);
    assert.deepEqual(await at.leftOf(upload), []);
    await assert.rejects(at.append(upload, 2 * MIB, randomBytes(5)), UploadLost);
  });

  test('aborting an upload that was committed leaves what was committed', async () => {
    const bytes = randomBytes(MIB);
    const upload = at.begin();
    await at.append(upload, 0, bytes);
    const blob = await at.blobs.commit(upload, { digest: digestOf(bytes), size: MIB });
    await at.blobs.abort(upload);
    assert.equal(await at.blobs.check(blob), 'good');
    assert.deepEqual((await fetchBlob(at.blobs, blob)).bytes, bytes);
  });
}
