/** The mark that says whose store it is. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { BlobsUnderTest } from './blobs-under-test.ts';

export function markSuite(at: BlobsUnderTest): void {
  test('a mark is left once, outlives a restart and is no object', async () => {
    assert.equal(await at.blobs.readMark(), undefined);
    const before = await at.names();
    const left = await Promise.all([at.blobs.leaveMark('the first'), at.blobs.leaveMark('the first')]);
    assert.deepEqual(left, ['the first', 'the first']);
    assert.equal(await at.blobs.leaveMark('another'), 'the first');
    await at.restart();
    assert.equal(await at.blobs.readMark(), 'the first');
    assert.deepEqual(await at.names(), before);
    assert.equal(await at.blobs.check(await at.store(randomBytes(10))), 'good');
  });
}
