import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { BlobStoreUnavailable } from '../../../ports/blob-store.ts';
import { openFilesystemBlobs } from '../filesystem/open-filesystem-blobs.ts';
import { type Block, createBlocks } from './blocks.ts';
import { createHashing } from './hashing.ts';

function filled(block: Block, bytes: Buffer): [Block, number] {
  block.bytes.set(bytes);
  return [block, bytes.length];
}

test('keeps several hashes at once, each of which may be looked at and go on', async () => {
  const blocks = createBlocks({ inFlight: 8, spare: 8 }, () => {});
  const hashing = createHashing();
  try {
    const bytes = [randomBytes(1000), randomBytes(2000), randomBytes(300)];
    const one = hashing.begin('sha256');
    const two = hashing.begin('sha512');
    const [a, b, c] = [blocks.take(), blocks.take(), blocks.take()];
    await Promise.all([
      one.update(...filled(a, bytes[0]!)),
      two.update(...filled(b, bytes[1]!)),
      one.update(...filled(c, bytes[2]!)),
    ]);
    assert.equal(await two.peek(), createHash('sha512').update(bytes[1]!).digest('hex'));
    assert.equal(await one.peek(), createHash('sha256').update(bytes[0]!).update(bytes[2]!).digest('hex'));
    await two.update(...filled(b, bytes[0]!));
    assert.equal(await two.peek(), createHash('sha512').update(bytes[1]!).update(bytes[0]!).digest('hex'));
    hashing.drop(a);
    await one.update(...filled(a, bytes[2]!));
    one.end();
    two.end();
  } finally {
    await hashing.close();
  }
});

test('a worker that dies fails what waits for it, and the next hash gets a new one', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-hashing-'));
  // Dies at the first update, as one that runs out of memory would.
  const mortal = join(directory, 'mortal.mjs');
  await writeFile(
    mortal,
    `import { parentPort } from 'node:worker_threads'; parentPort.on('message', (m) => { if (m.do === 'update') process.exit(7); });`,
  );
  const hashing = createHashing(pathToFileURL(mortal));
  try {
    const block = createBlocks({ inFlight: 8, spare: 8 }, () => {}).take();
    const first = hashing.begin('sha256');
    const second = hashing.begin('sha256');
    assert(first.alive);
    const answers = await Promise.allSettled([first.update(block, 10), second.peek()]);
    for (const answer of answers) {
      assert(answer.status === 'rejected' && answer.reason instanceof BlobStoreUnavailable);
    }
    assert(!first.alive && !second.alive);
    await assert.rejects(first.peek(), BlobStoreUnavailable);
    first.end();
    assert(hashing.begin('sha256').alive);
  } finally {
    await hashing.close();
    await rm(directory, { recursive: true });
  }
});

test('an upload whose worker dies fails, leaves nothing over, and works when done again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-hashing-'));
  const mortal = join(directory, 'mortal.mjs');
  await writeFile(
    mortal,
    `import { parentPort } from 'node:worker_threads'; parentPort.on('message', (m) => { if (m.do === 'update') process.exit(7); });`,
  );
  const good = createHashing();
  const bad = createHashing(pathToFileURL(mortal));
  let dying = true;
  const blobs = await openFilesystemBlobs({
    directory,
    hashing: {
      begin: (algorithm) => (dying ? bad : good).begin(algorithm),
      drop() {},
      close: async () => void (await Promise.all([good.close(), bad.close()])),
    },
  });
  try {
    const bytes = randomBytes(3_000_000);
    const upload = { key: blobs.startUpload(), state: '' };
    const options = { algorithm: 'sha256', limit: 1e9 } as const;
    await assert.rejects(blobs.append(upload, 0, Readable.from([bytes]), options), BlobStoreUnavailable);
    for await (const slice of blobs.listObjects()) assert.deepEqual(slice, []);
    dying = false;
    const { state, ...answer } = await blobs.append(upload, 0, Readable.from([bytes]), options);
    assert.deepEqual(answer, { offset: bytes.length, complete: true });
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    assert.equal((await blobs.commit({ ...upload, state }, { digest, size: bytes.length })).digest, digest);
  } finally {
    await blobs.close();
    await rm(directory, { recursive: true });
  }
});
