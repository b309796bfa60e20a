/** What happens when the disk is full: on a small tmpfs of its own, which takes root; skipped otherwise. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { type BlobStore, BlobStoreUnavailable } from '../../../ports/blob-store.ts';
import { openFilesystemBlobs } from './open-filesystem-blobs.ts';

const MIB = 1024 * 1024;
const options = { algorithm: 'sha256', limit: 1e9 } as const;

const place = mkdtempSync(join(tmpdir(), 'longshore-full-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', place]).status === 0;
const skip = mounted ? false : 'a small tmpfs cannot be mounted (needs root on Linux)';
after(() => {
  if (mounted) spawnSync('umount', [place]);
  rmSync(place, { recursive: true });
});

function usedBytes(): number {
  const { blocks, bfree, bsize } = statfsSync(place);
  return (blocks - bfree) * bsize;
}

async function store(blobs: BlobStore, bytes: Buffer) {
  const key = blobs.startUpload();
  const { state } = await blobs.append({ key, state: '' }, 0, Readable.from([bytes]), options);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return blobs.commit({ key, state }, { digest, size: bytes.length });
}

function isFull(error: unknown): boolean {
  assert(error instanceof BlobStoreUnavailable, String(error));
  assert.equal(error.full, true);
  assert(!error.message.includes(place));
  return true;
}

test('a full disk is said so, takes nothing that was acknowledged, leaves nothing over and heals by itself', {
  skip,
}, async () => {
  const blobs = await openFilesystemBlobs({ directory: join(place, 'blobs') });
  try {
    const kept = await store(blobs, randomBytes(3 * MIB));
    const upload = { key: blobs.startUpload(), state: '' };
    const begun = randomBytes(2 * MIB);
    await blobs.append(upload, 0, Readable.from([begun]), options);

    const before = usedBytes();
    // A new upload and one that goes on, both too large; large ones go another way than small ones.
    await assert.rejects(
      blobs.append({ key: blobs.startUpload(), state: '' }, 0, Readable.from([randomBytes(20 * MIB)]), options),
      isFull,
    );
    assert.equal(usedBytes(), before);
    await assert.rejects(blobs.append(upload, begun.length, Readable.from([randomBytes(20 * MIB)]), options), isFull);
    assert.equal(usedBytes(), before);

    const filler = { key: blobs.startUpload(), state: '' };
    let filled = 0;
    const fill = async () => {
      for (;;) filled = (await blobs.append(filler, filled, Readable.from([randomBytes(100_000)]), options)).offset;
    };
    await assert.rejects(fill(), isFull);
    await assert.rejects(store(blobs, randomBytes(200_000)), isFull);

    // Reading works while it is full.
    assert.equal(await blobs.check(kept), 'good');
    assert.deepEqual(await blobs.verify(kept), { fingerprint: kept.fingerprint });

    await blobs.abort(filler);
    await blobs.ping();
    const rest = randomBytes(MIB);
    const done = await blobs.append(upload, begun.length, Readable.from([rest]), options);
    assert.deepEqual([done.offset, done.complete], [3 * MIB, true]);
    const whole = createHash('sha256').update(begun).update(rest).digest('hex');
    await blobs.commit({ ...upload, state: done.state }, { digest: `sha256:${whole}`, size: 3 * MIB });
  } finally {
    await blobs.close();
  }
});
