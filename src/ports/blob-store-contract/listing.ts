/** What the sweep and the readiness probe see. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { BlobStoreUnavailable } from '../blob-store.ts';
import type { BlobsUnderTest } from './blobs-under-test.ts';

export function listingSuite(at: BlobsUnderTest): void {
  test('lists what uploads left by their key and objects by location, with their age', async () => {
    const blob = await at.store(randomBytes(100));
    const upload = at.begin();
    await at.append(upload, 0, randomBytes(100));
    const found = await at.listed();
    const ofBoth = found.filter(({ name, upload: key }) => name === blob.location || key === upload.key);
    assert(ofBoth.some(({ name }) => name === blob.location) && ofBoth.some(({ upload: key }) => key === upload.key));
    for (const { name, ageMs } of ofBoth) assert(ageMs >= 0 && ageMs < 60_000, `${name} has the age ${ageMs}`);
    await at.blobs.remove(blob.location);
    assert(!(await at.names()).includes(blob.location));
    for (const { name } of await at.leftOf(upload)) await at.blobs.remove(name);
    assert.deepEqual(await at.leftOf(upload), [], 'a sweep removes uploads, too');
  });

  test('removes whatever the list names, leftovers of uploads as well', async () => {
    const upload = at.begin();
    await at.append(upload, 0, randomBytes(100));
    await at.store(randomBytes(100));
    for (const name of await at.names()) await at.blobs.remove(name);
    assert.deepEqual(await at.names(), []);
  });

  test('answers a ping, and refuses everything once closed', async () => {
    await at.blobs.ping();
    await at.blobs.close();
    await assert.rejects(at.blobs.ping(), BlobStoreUnavailable);
    await assert.rejects(at.append(at.begin(), 0, randomBytes(5)), BlobStoreUnavailable);
    at.blobs = await at.harness.open();
    await at.blobs.ping();
  });
}
