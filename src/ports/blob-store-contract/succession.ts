/** Uploads that another process goes on with while the one before may still be writing. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { DigestMismatch, UploadLost } from '../blob-store.ts';
import type { BlobsUnderTest } from './blobs-under-test.ts';
import { digestOf, fetchBlob, LIMIT, MIB, streamOf } from './test-bytes.ts';

export function successionSuite(at: BlobsUnderTest): void {
  for (const size of [0, 5000, 3 * MIB]) {
    test(`a successor goes on whatever the one before still does (${size} bytes)`, async () => {
      const bytes = randomBytes(size);
      const upload = at.begin();
      if (size > 0) await at.append(upload, 0, bytes);
      const stalled = { ...upload };
      const taken = { ...(await at.blobs.takeOver(upload, size)) };

      const late = randomBytes(MIB);
      await at.append(stalled, size, late);
      const rest = randomBytes(700);
      assert.deepEqual(await at.append(taken, size, rest), { offset: size + 700, complete: true });
      const tooLate = { digest: digestOf(Buffer.concat([bytes, late])), size: size + MIB };
      if (taken.key === upload.key) await at.blobs.commit(stalled, tooLate).catch(() => undefined);
      else await at.blobs.abort(stalled);

      const whole = Buffer.concat([bytes, rest]);
      const committing = at.blobs.commit(taken, { digest: digestOf(whole), size: whole.length });
      const blob = await committing.catch((error: unknown) => {
        // A store that keeps the object may lose the upload, but never mix up its bytes.
        assert(taken.key === upload.key && error instanceof UploadLost, String(error));
      });
      if (blob) assert.deepEqual(await fetchBlob(at.blobs, blob), { result: 'sent', bytes: whole });
    });
  }

  test('a successor takes over what was just committed without disturbing it', async () => {
    const bytes = randomBytes(MIB);
    const upload = at.begin();
    await at.append(upload, 0, bytes);
    const row = { ...upload };
    const first = await at.blobs.commit(upload, { digest: digestOf(bytes), size: MIB });
    const taken = { ...(await at.blobs.takeOver(row, MIB)) };
    if (taken.key !== row.key) assert.equal(await at.blobs.check(first), 'good');
    const blob = await at.blobs.commit(taken, { digest: digestOf(bytes), size: MIB });
    assert.deepEqual(await fetchBlob(at.blobs, blob), { result: 'sent', bytes });
  });

  test('what is not there cannot be taken over', async () => {
    await assert.rejects(
      (async () => {
        const taken = await at.blobs.takeOver(at.begin(), 5);
        await at.blobs.append(taken, 5, streamOf(randomBytes(5)), { algorithm: 'sha256', limit: LIMIT });
      })(),
      UploadLost,
    );
  });

  test('bytes of a part that was never recorded are not mistaken for those that were', async () => {
    const [lost, good] = [randomBytes(2 * MIB), randomBytes(2 * MIB)];
    const upload = at.begin();
    await at.append(upload, 0, randomBytes(0));
    const row = { ...upload };
    // This process appends, but its row is never written; another one appends other bytes of the same length.
    await at.append(upload, 0, lost);
    const other = await at.harness.open();
    try {
      const options = { algorithm: 'sha256', limit: LIMIT } as const;
      const { state } = await other.append(row, 0, streamOf(good), options);
      row.state = state;
    } finally {
      await other.close();
    }
    await assert.rejects(at.blobs.commit({ ...row }, { digest: digestOf(lost), size: 2 * MIB }), DigestMismatch);
    assert.deepEqual(await at.append(row, 2 * MIB, Buffer.from('end')), { offset: 2 * MIB + 3, complete: true });
    const whole = Buffer.concat([good, Buffer.from('end')]);
    const blob = await at.blobs.commit(row, { digest: digestOf(whole), size: whole.length });
    assert.deepEqual((await fetchBlob(at.blobs, blob)).bytes, whole);
  });
}
