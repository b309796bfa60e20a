/** Uploads that several nodes work on: two services on one database and one blob store, as two nodes are. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createMemoryEcr, hour, type MemoryEcr } from '../../../../tests/support/memory-ecr.ts';
import { sha256Digest } from '../../../lib/oci/digest.ts';
import type { BlobStore } from '../../../ports/blob-store.ts';
import { Fault } from '../../fault.ts';
import { createEcrService, type EcrService } from '../ecr-service.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { appendUpload } from './append-upload.ts';
import { cancelUpload } from './cancel-upload.ts';
import { completeUpload } from './complete-upload.ts';
import { expireUploads } from './expire-uploads.ts';
import { findLayer } from './find-layer.ts';
import { findUpload } from './find-upload.ts';
import { claimMs } from './hold-upload.ts';
import { startUpload } from './start-upload.ts';
import { createObjectSweep } from './sweep-objects.ts';
import { uploadWholeLayer } from './upload-whole-layer.ts';

let memory: MemoryEcr;
let app: RepositoryRef;
let a: EcrService;
let b: EcrService;

beforeEach(async () => {
  memory = await createMemoryEcr({ sharedUploads: true });
  app = await memory.createRepository('app');
  a = node();
  b = node();
});
afterEach(() => memory.close());

function node(blobs: Partial<BlobStore> = {}): EcrService {
  const { metadata, clock, keys, settings } = memory.ecr;
  return createEcrService({ metadata, clock, keys, blobs: { ...memory.ecr.blobs, ...blobs } }, settings);
}

const isFault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;
const isBusy = isFault('InvalidLayerPartException');
const isGone = isFault('UploadNotFoundException');
const append = (ecr: EcrService, id: string, bytes: Uint8Array, expectedOffset?: number) =>
  appendUpload(ecr, app, id, Readable.from([bytes]), { expectedOffset });

/** A body whose end is still to come. */
function slowBody() {
  const body = new Readable({ read() {} });
  return {
    body,
    end(bytes: Uint8Array) {
      body.push(bytes);
      body.push(null);
    },
  };
}

/** A body that has begun to come in a request to `ecr`. */
async function slowAppend(ecr: EcrService, id: string) {
  const slow = slowBody();
  const outcome = appendUpload(ecr, app, id, slow.body);
  outcome.catch(() => undefined);
  while ((await findUpload(ecr, app, id)).holder === '') await new Promise(setImmediate);
  return { ...slow, outcome };
}

async function bytesOf(digest: string): Promise<Buffer | undefined> {
  const layer = await findLayer(b, app, digest);
  return layer && memory.objects.get(layer.blob.location)?.bytes;
}

async function sweepAll(ecr: EcrService): Promise<void> {
  const sweep = createObjectSweep(ecr);
  while ((await sweep()).more);
}

test('an upload goes on at whatever node is asked next', async () => {
  const parts = [randomBytes(10), randomBytes(20), randomBytes(30)] as const;
  const digest = sha256Digest(Buffer.concat(parts));
  const { id } = await startUpload(a, app);
  assert.equal((await append(b, id, parts[0], 0)).upload.offset, 10);
  assert.equal((await append(a, id, parts[1], 10)).upload.offset, 30);
  assert.equal((await findUpload(b, app, id)).offset, 30);
  await completeUpload(b, app, id, digest, { lastBytes: { source: Readable.from([parts[2]]), expectedOffset: 30 } });
  assert.deepEqual(await bytesOf(digest), Buffer.concat(parts));
  await assert.rejects(findUpload(a, app, id), isGone);
});

describe('while a request on another node works on an upload', () => {
  test('bytes are refused, and a close as well, when it does not end', async () => {
    const { id } = await startUpload(a, app);
    const working = await slowAppend(a, id);
    for (const request of [append(b, id, randomBytes(5)), completeUpload(b, app, id, sha256Digest(new Uint8Array()))]) {
      const refused = assert.rejects(request, isBusy);
      // The claim is renewed, as the timer of the other node does.
      const { holder } = await findUpload(b, app, id);
      const heldUntil = a.clock.now() + 10 * claimMs;
      await a.metadata.write((tx) => tx.uploads.extendClaim(id, { holder, heldUntil }));
      memory.pass(2 * claimMs);
      await refused;
    }
    working.end(Buffer.from('slow'));
    assert.equal((await working.outcome).upload.offset, 4);
    assert.equal((await append(b, id, Buffer.from(' but sure'), 4)).upload.offset, 13);
  });

  test('whoever comes waits for its end', async () => {
    const { id } = await startUpload(a, app);
    const working = await slowAppend(a, id);
    const next = append(b, id, Buffer.from(' then'));
    working.end(Buffer.from('first'));
    await working.outcome;
    assert.equal((await next).upload.offset, 10);
    await completeUpload(a, app, id, sha256Digest(Buffer.from('first then')));
  });

  test('the claim is renewed for as long as bytes may come', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { id } = await startUpload(a, app);
    const working = await slowAppend(a, id);
    for (let passed = 0; passed < 3 * claimMs; passed += 5_000) {
      const before = (await findUpload(b, app, id)).heldUntil;
      memory.pass(5_000);
      t.mock.timers.tick(5_000);
      while ((await findUpload(b, app, id)).heldUntil === before) await new Promise(setImmediate);
      assert.equal((await expireUploads(node())).uploads, 0);
    }
    working.end(Buffer.from('x'));
    assert.equal((await working.outcome).upload.offset, 1);
    assert.equal((await findUpload(b, app, id)).heldUntil, 0);
  });

  test('it may be cancelled: what comes then is not recorded', async () => {
    const { id } = await startUpload(a, app);
    await append(b, id, Buffer.from('begun'));
    const working = await slowAppend(a, id);
    await cancelUpload(b, app, id);
    working.end(Buffer.from('in vain'));
    await assert.rejects(working.outcome, isGone);
    await assert.rejects(findUpload(a, app, id), isGone);
  });

  test('it is not abandoned', async () => {
    const { id } = await startUpload(a, app);
    memory.pass(25 * hour);
    const working = await slowAppend(a, id);
    assert.equal((await expireUploads(b)).uploads, 0);
    working.end(Buffer.from('x'));
    await working.outcome;
    memory.pass(25 * hour);
    assert.equal((await expireUploads(b)).uploads, 1);
    assert.equal(memory.objects.size, 0);
  });

  test('its repository may be deleted', async () => {
    const { id } = await startUpload(a, app);
    const working = await slowAppend(a, id);
    await b.metadata.write(function* (tx) {
      const repository = yield* tx.repositories.find(app, app.name);
      yield* tx.repositories.delete(repository!.id);
    });
    working.end(Buffer.from('x'));
    await assert.rejects(working.outcome, isGone);
    memory.pass(25 * hour);
    await sweepAll(b);
    assert.equal(memory.objects.size, 0);
  });
});

describe('a node that does not answer any more', () => {
  test('is succeeded when its claim has run out, and changes nothing when it wakes up', async () => {
    const { id, objectKey } = await startUpload(a, app);
    await append(a, id, Buffer.from('kept '));
    const stalled = await slowAppend(a, id);
    memory.pass(claimMs);
    assert.equal((await append(b, id, Buffer.from('and more'), 5)).upload.offset, 13);
    assert.notEqual((await findUpload(b, app, id)).objectKey, objectKey);

    stalled.end(Buffer.from('too late and much longer'));
    await assert.rejects(stalled.outcome, isBusy);
    const digest = sha256Digest(Buffer.from('kept and more'));
    await completeUpload(b, app, id, digest);
    assert.equal((await bytesOf(digest))?.toString(), 'kept and more');
  });

  test('is not obeyed either when its successor has ended the upload', async () => {
    const { id } = await startUpload(a, app);
    const stalled = await slowAppend(a, id);
    memory.pass(claimMs);
    const bytes = randomBytes(100);
    await completeUpload(b, app, id, sha256Digest(bytes), { lastBytes: { source: Readable.from([bytes]) } });
    stalled.end(randomBytes(100));
    await assert.rejects(stalled.outcome, isGone);
    assert.deepEqual(await bytesOf(sha256Digest(bytes)), bytes);
  });

  test('may have stopped between object and row: the layer is recorded once, by its successor', async () => {
    let wakeUp = () => {};
    const asleep = new Promise<void>((resolve) => {
      wakeUp = resolve;
    });
    let fallAsleep = () => {};
    const sleeping = new Promise<void>((resolve) => {
      fallAsleep = resolve;
    });
    const stalling = node({
      async commit(...args) {
        const blob = await memory.ecr.blobs.commit(...args);
        fallAsleep();
        await asleep;
        return blob;
      },
    });
    const bytes = randomBytes(100);
    const digest = sha256Digest(bytes);
    const { id } = await startUpload(a, app);
    await append(a, id, bytes);
    const stalled = completeUpload(stalling, app, id, digest);
    stalled.catch(() => undefined);
    await sleeping;
    memory.pass(claimMs);
    await completeUpload(b, app, id, digest);
    wakeUp();
    await assert.rejects(stalled, isGone);
    assert.deepEqual(await bytesOf(digest), bytes);

    memory.pass(25 * hour);
    assert(await findLayer(b, app, digest));
    await sweepAll(a);
    assert.equal(memory.objects.size, 1, 'what the stalled one left is swept');
    assert.deepEqual(await bytesOf(digest), bytes);
  });

  test('takes the upload along when its bytes are lost', async () => {
    const { id, objectKey } = await startUpload(a, app);
    await append(a, id, randomBytes(10));
    const stalled = await slowAppend(a, id);
    memory.objects.delete(objectKey);
    memory.pass(claimMs);
    await assert.rejects(append(b, id, randomBytes(1)), isGone);
    await assert.rejects(findUpload(b, app, id), isGone);
    stalled.end(randomBytes(1));
    await assert.rejects(stalled.outcome, isGone);
  });
});

test('a request that fails gives its claim back', async () => {
  const bytes = randomBytes(10);
  const { id } = await startUpload(a, app);
  await append(a, id, bytes);
  await assert.rejects(append(a, id, bytes, 3), isBusy);
  await assert.rejects(completeUpload(a, app, id, sha256Digest(randomBytes(1))), isFault('InvalidLayerException'));
  assert.equal((await findUpload(b, app, id)).holder, '');
  await completeUpload(b, app, id, sha256Digest(bytes));
});

describe('a layer that comes whole', () => {
  test('is known to the sweeps of all nodes while it comes, when it may take long', async () => {
    const { body, end } = slowBody();
    const bytes = randomBytes(50);
    const pushing = uploadWholeLayer(a, app, sha256Digest(bytes), body);
    body.push(bytes.subarray(0, 1));
    while (!body.readableDidRead) await new Promise(setImmediate);
    assert.equal(await b.metadata.read((tx) => tx.uploads.count()), 1);
    end(bytes.subarray(1));
    await pushing;
    assert.equal(await b.metadata.read((tx) => tx.uploads.count()), 0);
    assert.deepEqual(await bytesOf(sha256Digest(bytes)), bytes);
  });

  test('leaves neither row nor object when it is refused', async () => {
    const wrong = sha256Digest(randomBytes(1));
    await assert.rejects(
      uploadWholeLayer(a, app, wrong, Readable.from([randomBytes(5)])),
      isFault('InvalidLayerException'),
    );
    const broken = new Readable({
      read() {
        this.push(Buffer.from('x'));
        this.destroy(new Error('gone'));
      },
    });
    assert.equal(await uploadWholeLayer(a, app, wrong, broken), undefined);
    assert.equal(await b.metadata.read((tx) => tx.uploads.count()), 0);
    assert.equal(memory.objects.size, 0);
  });

  test('needs no row when it is small', async () => {
    const { body, end } = slowBody();
    const bytes = randomBytes(50);
    const pushing = uploadWholeLayer(a, app, sha256Digest(bytes), body, bytes.length);
    body.push(bytes.subarray(0, 1));
    while (!body.readableDidRead) await new Promise(setImmediate);
    assert.equal(await b.metadata.read((tx) => tx.uploads.count()), 0);
    end(bytes.subarray(1));
    await pushing;
    assert.deepEqual(await bytesOf(sha256Digest(bytes)), bytes);
  });
});
