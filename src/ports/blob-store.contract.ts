/**
 * What every blob store must do, as tests. An adapter's own test file calls this; an adapter that passes it as it is can take
 * the place of any other. Long because it is one list of promises, read from top to bottom.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { PassThrough, Readable, Writable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import {
  BlobAbsent,
  type BlobStore,
  BlobStoreUnavailable,
  type DigestAlgorithm,
  DigestMismatch,
  type StoredBlob,
  UploadLost,
  UploadTooLarge,
} from './blob-store.ts';

/** A place of blobs under test. */
export interface BlobStoreHarness {
  /** Opens a store on the place; called again after `close` it stands for a restart, with nothing kept in memory. */
  open(): Promise<BlobStore>;
  /** Changes the bytes of a stored object or an upload behind the store's back; undefined removes it. */
  tamper(name: string, change: (bytes: Buffer) => Buffer | undefined): Promise<void>;
  /** Removes the place. */
  dispose(): Promise<void>;
}

const MIB = 1024 * 1024;
const LIMIT = 64 * MIB;
/** From nothing to more than any store keeps in one piece. */
const SIZES = [0, 1, 1000, 256 * 1024, 256 * 1024 + 1, MIB, MIB + 1, 3 * MIB + 17];

export function blobStoreContract(name: string, create: () => Promise<BlobStoreHarness>): void {
  describe(`the blob store contract: ${name}`, () => {
    let harness: BlobStoreHarness;
    let blobs: BlobStore;

    before(async () => {
      harness = await create();
      blobs = await harness.open();
    });
    after(async () => {
      await blobs.close();
      await harness.dispose();
    });

    async function restart() {
      await blobs.close();
      blobs = await harness.open();
    }
    function append(key: string, offset: number, bytes: Buffer | Readable, algorithm: DigestAlgorithm = 'sha256') {
      return blobs.append(key, offset, Buffer.isBuffer(bytes) ? streamOf(bytes) : bytes, { algorithm, limit: LIMIT });
    }
    async function store(bytes: Buffer, algorithm: DigestAlgorithm = 'sha256'): Promise<StoredBlob> {
      const key = blobs.startUpload();
      await append(key, 0, bytes, algorithm);
      return blobs.commit(key, { digest: digestOf(bytes, algorithm), size: bytes.length });
    }
    async function names(): Promise<string[]> {
      const all: string[] = [];
      for await (const slice of blobs.listObjects()) all.push(...slice.map((object) => object.name));
      return all;
    }

    for (const algorithm of ['sha256', 'sha512'] as const) {
      for (const size of SIZES) {
        test(`stores ${size} bytes under their ${algorithm} and gives them back`, async () => {
          const bytes = randomBytes(size);
          const blob = await store(bytes, algorithm);
          assert.equal(blob.size, size);
          assert.equal(blob.digest, digestOf(bytes, algorithm));
          assert.equal(await blobs.check(blob), 'good');
          assert.deepEqual(await blobs.verify(blob), { fingerprint: blob.fingerprint });
          assert.deepEqual(await fetch(blobs, blob), { result: 'sent', bytes });
        });
      }
    }

    test('commits an upload to which nothing was ever appended as the empty blob', async () => {
      const blob = await blobs.commit(blobs.startUpload(), { digest: digestOf(Buffer.alloc(0)), size: 0 });
      assert.deepEqual(await fetch(blobs, blob), { result: 'sent', bytes: Buffer.alloc(0) });
    });

    test('two uploads of the same bytes are two objects: removing one leaves the other', async () => {
      const bytes = randomBytes(5000);
      const [one, two] = await Promise.all([store(bytes), store(bytes)]);
      assert.notEqual(one.location, two.location);
      await blobs.remove(one.location);
      assert.equal(await blobs.check(one), 'absent');
      assert.equal(await blobs.verify(one), 'absent');
      await assert.rejects(blobs.open(one), BlobAbsent);
      assert.deepEqual(await fetch(blobs, two), { result: 'sent', bytes });
      await blobs.remove(one.location);
    });

    test('many uploads at the same time do not get into each other', async () => {
      const all = Array.from({ length: 24 }, (_, i) => randomBytes(i % 3 === 0 ? 2 * MIB : 3000 + i));
      const stored = await Promise.all(all.map((bytes) => store(bytes)));
      for (const [i, blob] of stored.entries()) assert.deepEqual((await fetch(blobs, blob)).bytes, all[i]);
    });

    for (const parts of [
      [10, 20, 30],
      [MIB - 1, 1, 1, MIB],
      [700_000, 100, 700_000, 5],
      [2 * MIB, 100, 2 * MIB],
    ]) {
      test(`appends in parts of ${parts.join(', ')} bytes`, async () => {
        const bytes = randomBytes(parts.reduce((sum, part) => sum + part, 0));
        const key = blobs.startUpload();
        let offset = 0;
        for (const part of parts) {
          const answer = await append(key, offset, bytes.subarray(offset, offset + part));
          offset += part;
          assert.deepEqual(answer, { offset, complete: true });
        }
        const blob = await blobs.commit(key, { digest: digestOf(bytes), size: bytes.length });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });

      test(`goes on after a restart between parts of ${parts.join(', ')} bytes`, async () => {
        const bytes = randomBytes(parts.reduce((sum, part) => sum + part, 0));
        const key = blobs.startUpload();
        let offset = 0;
        for (const part of parts) {
          await append(key, offset, bytes.subarray(offset, offset + part));
          offset += part;
          await restart();
        }
        const blob = await blobs.commit(key, { digest: digestOf(bytes), size: bytes.length });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });
    }

    test('takes a stream of very many very small chunks, and one of very large ones', async () => {
      const bytes = randomBytes(3 * MIB);
      for (const chunk of [7, 2 * MIB]) {
        const part = bytes.subarray(0, chunk === 7 ? 70_000 : undefined);
        const key = blobs.startUpload();
        await append(key, 0, streamOf(part, chunk));
        const blob = await blobs.commit(key, { digest: digestOf(part), size: part.length });
        assert.deepEqual((await fetch(blobs, blob)).bytes, part);
      }
    });

    for (const size of [5000, 3 * MIB]) {
      test(`what lies beyond the offset was never acknowledged and is cut off (${size} bytes)`, async () => {
        const good = randomBytes(size);
        const key = blobs.startUpload();
        await append(key, 0, good.subarray(0, size - 1000));
        await append(key, size - 1000, randomBytes(4000));
        assert.deepEqual(await append(key, size - 1000, good.subarray(size - 1000)), { offset: size, complete: true });
        const blob = await blobs.commit(key, { digest: digestOf(good), size });
        assert.deepEqual((await fetch(blobs, blob)).bytes, good);
      });

      test(`a commit of fewer bytes than came cuts off the rest (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const key = blobs.startUpload();
        await append(key, 0, Buffer.concat([bytes, randomBytes(333)]));
        const blob = await blobs.commit(key, { digest: digestOf(bytes), size });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });

      test(`a source that breaks off leaves what came, and the upload goes on (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const came = size - 500;
        const key = blobs.startUpload();
        const broken = await append(key, 0, breakingStream(bytes.subarray(0, came)));
        assert.deepEqual(broken, { offset: came, complete: false });
        assert.deepEqual(await append(key, came, bytes.subarray(came)), { offset: size, complete: true });
        const blob = await blobs.commit(key, { digest: digestOf(bytes), size });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });

      test(`refuses more than the limit and keeps what was acknowledged (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const key = blobs.startUpload();
        await append(key, 0, bytes);
        const tooMuch = blobs.append(key, size, streamOf(randomBytes(2 * MIB)), {
          algorithm: 'sha256',
          limit: size + MIB,
        });
        await assert.rejects(tooMuch, UploadTooLarge);
        const blob = await blobs.commit(key, { digest: digestOf(bytes), size });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });

      test(`a wrong digest leaves the upload open (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const key = blobs.startUpload();
        await append(key, 0, bytes.subarray(0, size - 10));
        const wrong = blobs.commit(key, { digest: digestOf(bytes), size: size - 10 });
        await assert.rejects(wrong, (error) => {
          assert(error instanceof DigestMismatch);
          assert.equal(error.actual, digestOf(bytes.subarray(0, size - 10)));
          return true;
        });
        await append(key, size - 10, bytes.subarray(size - 10));
        await blobs.commit(key, { digest: digestOf(bytes), size });
      });

      test(`an upload that lost bytes is lost (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const key = blobs.startUpload();
        await append(key, 0, bytes);
        await restart();
        await harness.tamper(key, (all) => all.subarray(0, size - 1));
        await assert.rejects(append(key, size, randomBytes(10)), UploadLost);
        await assert.rejects(blobs.commit(key, { digest: digestOf(bytes), size }), UploadLost);
      });

      test(`a commit that a crash cut off before its row can be done again (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const key = blobs.startUpload();
        await append(key, 0, bytes);
        const first = await blobs.commit(key, { digest: digestOf(bytes), size });
        await restart();
        const second = await blobs.commit(key, { digest: digestOf(bytes), size });
        assert.equal(second.location, first.location);
        assert.equal(await blobs.check(second), 'good');
        assert.deepEqual((await fetch(blobs, second)).bytes, bytes);
      });

      test(`an upload goes on after a commit whose row was never written (${size} bytes)`, async () => {
        const [bytes, half] = [randomBytes(size), size / 2];
        const key = blobs.startUpload();
        await append(key, 0, bytes.subarray(0, half));
        await append(key, half, bytes.subarray(half));
        const first = await blobs.commit(key, { digest: digestOf(bytes), size });
        const others = await Promise.all([store(bytes), store(randomBytes(size))]);

        const longer = Buffer.concat([bytes.subarray(0, half), randomBytes(size)]);
        const answer = await append(key, half, longer.subarray(half));
        assert.deepEqual(answer, { offset: longer.length, complete: true });
        assert.equal(await blobs.check(first), 'absent');
        const second = await blobs.commit(key, { digest: digestOf(longer), size: longer.length });
        assert.deepEqual((await fetch(blobs, second)).bytes, longer);

        await restart();
        const begun = { digest: digestOf(bytes.subarray(0, half)), size: half };
        await assert.rejects(blobs.commit(key, { ...begun, digest: digestOf(bytes) }), DigestMismatch);
        const third = await blobs.commit(key, begun);
        assert.deepEqual((await fetch(blobs, third)).bytes, bytes.subarray(0, half));
        assert.equal(await blobs.check(second), 'absent');
        for (const other of others) assert.equal(await blobs.check(other), 'good', 'what others stored stays');
      });

      test(`of two commits whose rows were never written the later one counts (${size} bytes)`, async () => {
        const [outdated, bytes] = [randomBytes(size), randomBytes(size)];
        const key = blobs.startUpload();
        await append(key, 0, outdated);
        await blobs.commit(key, { digest: digestOf(outdated), size });
        await append(key, 0, bytes);
        await blobs.commit(key, { digest: digestOf(bytes), size });
        await restart();
        await append(key, size - 1, bytes.subarray(size - 1));
        const blob = await blobs.commit(key, { digest: digestOf(bytes), size });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });
    }

    test('an upload that is not there is lost, and aborting it is fine', async () => {
      const key = blobs.startUpload();
      await assert.rejects(append(key, 5, randomBytes(5)), UploadLost);
      await assert.rejects(blobs.commit(key, { digest: digestOf(randomBytes(5)), size: 5 }), UploadLost);
      await blobs.abort(key);
    });

    test('an aborted upload is gone with its bytes', async () => {
      const key = blobs.startUpload();
      await append(key, 0, randomBytes(2 * MIB));
      assert((await names()).includes(key));
      await blobs.abort(key);
      assert(!(await names()).includes(key));
      await assert.rejects(append(key, 2 * MIB, randomBytes(5)), UploadLost);
    });

    test('lists uploads by key and objects by location, with their age', async () => {
      const blob = await store(randomBytes(100));
      const key = blobs.startUpload();
      await append(key, 0, randomBytes(100));
      const listed = new Map<string, number>();
      for await (const slice of blobs.listObjects()) for (const { name, ageMs } of slice) listed.set(name, ageMs);
      for (const each of [blob.location, key]) {
        const age = listed.get(each);
        assert(age !== undefined && age >= 0 && age < 60_000, `${each} has the age ${age}`);
      }
      await blobs.remove(blob.location);
      assert(!(await names()).includes(blob.location));
      await blobs.remove(key);
      assert(!(await names()).includes(key), 'a sweep removes uploads, too');
    });

    test('removes whatever the list names, leftovers of uploads as well', async () => {
      const key = blobs.startUpload();
      await append(key, 0, randomBytes(100));
      await store(randomBytes(100));
      for (const name of await names()) await blobs.remove(name);
      assert.deepEqual(await names(), []);
    });

    test('sends ranges', async () => {
      const bytes = randomBytes(3 * MIB);
      const blob = await store(bytes);
      for (const [first, last] of [
        [0, 0],
        [0, 9],
        [5, MIB + 5],
        [MIB, 2 * MIB - 1],
        [bytes.length - 1, bytes.length - 1],
        [0, bytes.length - 1],
      ] as const) {
        const { result, bytes: sent } = await fetch(blobs, blob, { first, last });
        assert.equal(result, 'sent');
        assert.deepEqual(sent, bytes.subarray(first, last + 1));
      }
      for (const [first, last] of [
        [-1, 5],
        [0, bytes.length],
        [9, 5],
      ] as const) {
        await assert.rejects(fetch(blobs, blob, { first, last }), RangeError);
      }
    });

    test('a receiver that goes away is no failure', async () => {
      const blob = await store(randomBytes(4 * MIB));
      const away = new PassThrough();
      away.destroy();
      assert.equal(await (await blobs.open(blob)).send(away), 'aborted');
      const leaving = new Writable({
        write(_chunk, _encoding, done) {
          this.destroy();
          done();
        },
      });
      assert.equal(await (await blobs.open(blob)).send(leaving), 'aborted');
      await (await blobs.open(blob)).close();
    });

    test('removal does not disturb who is reading', async () => {
      const bytes = randomBytes(3 * MIB);
      const blob = await store(bytes);
      const open = await blobs.open(blob);
      await blobs.remove(blob.location);
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
          const blob = await store(bytes);
          await harness.tamper(blob.location, change);
          assert.equal(await blobs.check(blob), what === 'nothing there' ? 'absent' : 'changed');
          assert.equal(await blobs.verify(blob), what === 'nothing there' ? 'absent' : 'damaged');
          const to = collector();
          const sent = await blobs.open(blob).then(
            (open) => open.send(to.stream),
            (error) => {
              assert(error instanceof BlobAbsent);
              return 'absent';
            },
          );
          assert(sent === 'damaged' || sent === 'absent', sent);
          assert(to.bytes().length < size);
          if (sent === 'damaged') assert(to.stream.destroyed);
        });
      }
    }

    test('bytes that only look different are sent whole, but in no range before they are verified', async () => {
      const bytes = randomBytes(2 * MIB + 3);
      const blob = await store(bytes);
      await harness.tamper(blob.location, (same) => Buffer.from(same));
      assert.equal(await blobs.check(blob), 'changed');
      const untrusted = await blobs.open(blob);
      assert.equal(untrusted.trusted, false);
      await assert.rejects(untrusted.send(collector().stream, { first: 1, last: 2 }), TypeError);
      assert.deepEqual(await fetch(blobs, blob), { result: 'sent', bytes });
      const verified = await blobs.verify(blob);
      assert(typeof verified === 'object');
      const again = { ...blob, fingerprint: verified.fingerprint };
      assert.equal(await blobs.check(again), 'good');
      assert.deepEqual((await fetch(blobs, again, { first: 1, last: 2 })).bytes, bytes.subarray(1, 3));
    });

    test('answers a ping, and refuses everything once closed', async () => {
      await blobs.ping();
      await blobs.close();
      await assert.rejects(blobs.ping(), BlobStoreUnavailable);
      await assert.rejects(append(blobs.startUpload(), 0, randomBytes(5)), BlobStoreUnavailable);
      blobs = await harness.open();
      await blobs.ping();
    });
  });
}

function digestOf(bytes: Buffer, algorithm: DigestAlgorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

function streamOf(bytes: Buffer, chunk = 65_000): Readable {
  return Readable.from(pieces(bytes, chunk), { objectMode: false });
}

function* pieces(bytes: Buffer, chunk: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
}

/** Gives all bytes, then fails as a connection does when its client goes away. */
function breakingStream(bytes: Buffer): Readable {
  async function* give() {
    yield* pieces(bytes, 65_000);
    throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
  }
  return Readable.from(give(), { objectMode: false });
}

function collector(): { stream: Writable; bytes(): Buffer } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // A copy: the store uses its buffer again as soon as `done` is called. Later, so that backpressure is real.
      chunks.push(Buffer.from(chunk));
      setImmediate(done);
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}

async function fetch(blobs: BlobStore, blob: StoredBlob, range?: { first: number; last: number }) {
  const to = collector();
  const result = await (await blobs.open(blob)).send(to.stream, range);
  return { result, bytes: to.bytes() };
}
