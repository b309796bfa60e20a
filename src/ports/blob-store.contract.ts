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
  type ListedObject,
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
  /** Whether the same bytes written again look the same from outside (an ETag). */
  readonly looksByBytes?: boolean;
  /** Removes the place. */
  dispose(): Promise<void>;
}

interface Upload {
  readonly key: string;
  state: string;
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
    /** An upload as the row of one keeps it; what `append` answers is recorded at once. */
    function begin(): Upload {
      return { key: blobs.startUpload(), state: '' };
    }
    async function append(
      upload: Upload,
      offset: number,
      bytes: Buffer | Readable,
      algorithm: DigestAlgorithm = 'sha256',
    ) {
      const source = Buffer.isBuffer(bytes) ? streamOf(bytes) : bytes;
      const { state, ...answer } = await blobs.append(upload, offset, source, { algorithm, limit: LIMIT });
      upload.state = state;
      return answer;
    }
    async function store(bytes: Buffer, algorithm: DigestAlgorithm = 'sha256'): Promise<StoredBlob> {
      const upload = begin();
      await append(upload, 0, bytes, algorithm);
      return blobs.commit(upload, { digest: digestOf(bytes, algorithm), size: bytes.length });
    }
    async function listed(): Promise<ListedObject[]> {
      const all: ListedObject[] = [];
      for await (const slice of blobs.listObjects()) all.push(...slice);
      return all;
    }
    async function names(): Promise<string[]> {
      return (await listed()).map((object) => object.name);
    }
    /** What the store still has of an upload. */
    async function leftOf({ key }: Upload): Promise<ListedObject[]> {
      return (await listed()).filter(({ upload }) => upload === key);
    }

    /** Gone, or listed as the upload's: then it is swept once no row has the upload open. */
    async function assertLeftover(upload: Upload, blob: StoredBlob) {
      if ((await blobs.check(blob)) === 'absent') return;
      assert((await leftOf(upload)).some(({ name }) => name === blob.location));
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
      const blob = await blobs.commit(begin(), { digest: digestOf(Buffer.alloc(0)), size: 0 });
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
        const upload = begin();
        let offset = 0;
        for (const part of parts) {
          const answer = await append(upload, offset, bytes.subarray(offset, offset + part));
          offset += part;
          assert.deepEqual(answer, { offset, complete: true });
        }
        const blob = await blobs.commit(upload, { digest: digestOf(bytes), size: bytes.length });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });

      test(`goes on after a restart between parts of ${parts.join(', ')} bytes`, async () => {
        const bytes = randomBytes(parts.reduce((sum, part) => sum + part, 0));
        const upload = begin();
        let offset = 0;
        for (const part of parts) {
          await append(upload, offset, bytes.subarray(offset, offset + part));
          offset += part;
          await restart();
        }
        const blob = await blobs.commit(upload, { digest: digestOf(bytes), size: bytes.length });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });
    }

    test('takes a stream of very many very small chunks, and one of very large ones', async () => {
      const bytes = randomBytes(3 * MIB);
      for (const chunk of [7, 2 * MIB]) {
        const part = bytes.subarray(0, chunk === 7 ? 70_000 : undefined);
        const upload = begin();
        await append(upload, 0, streamOf(part, chunk));
        const blob = await blobs.commit(upload, { digest: digestOf(part), size: part.length });
        assert.deepEqual((await fetch(blobs, blob)).bytes, part);
      }
    });

    for (const size of [5000, 3 * MIB]) {
      test(`what lies beyond the offset was never acknowledged and is cut off (${size} bytes)`, async () => {
        const good = randomBytes(size);
        const upload = begin();
        await append(upload, 0, good.subarray(0, size - 1000));
        await append({ ...upload }, size - 1000, randomBytes(4000));
        assert.deepEqual(await append(upload, size - 1000, good.subarray(size - 1000)), {
          offset: size,
          complete: true,
        });
        const blob = await blobs.commit(upload, { digest: digestOf(good), size });
        assert.deepEqual((await fetch(blobs, blob)).bytes, good);
      });

      test(`a commit cuts off what came behind its bytes and was not recorded (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const upload = begin();
        await append(upload, 0, bytes);
        await append({ ...upload }, size, randomBytes(333));
        const blob = await blobs.commit(upload, { digest: digestOf(bytes), size });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });

      test(`a source that breaks off leaves what came, and the upload goes on (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const came = size - 500;
        const upload = begin();
        const broken = await append(upload, 0, breakingStream(bytes.subarray(0, came)));
        assert.deepEqual(broken, { offset: came, complete: false });
        assert.deepEqual(await append(upload, came, bytes.subarray(came)), { offset: size, complete: true });
        const blob = await blobs.commit(upload, { digest: digestOf(bytes), size });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });

      test(`refuses more than the limit and keeps what was acknowledged (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const upload = begin();
        await append(upload, 0, bytes);
        const tooMuch = blobs.append(upload, size, streamOf(randomBytes(2 * MIB)), {
          algorithm: 'sha256',
          limit: size + MIB,
        });
        await assert.rejects(tooMuch, UploadTooLarge);
        const blob = await blobs.commit(upload, { digest: digestOf(bytes), size });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });

      test(`a wrong digest leaves the upload open (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const upload = begin();
        await append(upload, 0, bytes.subarray(0, size - 10));
        const wrong = blobs.commit(upload, { digest: digestOf(bytes), size: size - 10 });
        await assert.rejects(wrong, (error) => {
          assert(error instanceof DigestMismatch);
          assert.equal(error.actual, digestOf(bytes.subarray(0, size - 10)));
          return true;
        });
        await append(upload, size - 10, bytes.subarray(size - 10));
        await blobs.commit(upload, { digest: digestOf(bytes), size });
      });

      test(`an upload that lost bytes is lost (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const upload = begin();
        await append(upload, 0, bytes);
        await restart();
        await harness.tamper(upload.key, (all) => all.subarray(0, size - 1));
        await assert.rejects(append(upload, size, randomBytes(10)), UploadLost);
        await assert.rejects(blobs.commit(upload, { digest: digestOf(bytes), size }), UploadLost);
      });

      test(`a commit that a crash cut off before its row can be done again (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const upload = begin();
        await append(upload, 0, bytes);
        const first = await blobs.commit(upload, { digest: digestOf(bytes), size });
        await restart();
        const second = await blobs.commit(upload, { digest: digestOf(bytes), size });
        assert.equal(second.location, first.location);
        assert.equal(await blobs.check(second), 'good');
        assert.deepEqual((await fetch(blobs, second)).bytes, bytes);
      });

      test(`an upload goes on after a commit whose row was never written (${size} bytes)`, async () => {
        const [bytes, half] = [randomBytes(size), size / 2];
        const upload = begin();
        await append(upload, 0, bytes.subarray(0, half));
        const row = { ...upload };
        await append(upload, half, bytes.subarray(half));
        const first = await blobs.commit(upload, { digest: digestOf(bytes), size });
        const others = await Promise.all([store(bytes), store(randomBytes(size))]);

        const longer = Buffer.concat([bytes.subarray(0, half), randomBytes(size)]);
        const going = { ...row };
        const answer = await append(going, half, longer.subarray(half));
        assert.deepEqual(answer, { offset: longer.length, complete: true });
        await assertLeftover(upload, first);
        const second = await blobs.commit(going, { digest: digestOf(longer), size: longer.length });
        assert.deepEqual((await fetch(blobs, second)).bytes, longer);

        await restart();
        const begun = { digest: digestOf(bytes.subarray(0, half)), size: half };
        await assert.rejects(blobs.commit(row, { ...begun, digest: digestOf(bytes) }), DigestMismatch);
        const third = await blobs.commit(row, begun);
        assert.deepEqual((await fetch(blobs, third)).bytes, bytes.subarray(0, half));
        await assertLeftover(upload, second);
        for (const other of others) assert.equal(await blobs.check(other), 'good', 'what others stored stays');
      });

      test(`of two commits whose rows were never written the later one counts (${size} bytes)`, async () => {
        const [outdated, bytes] = [randomBytes(size), randomBytes(size)];
        const upload = begin();
        const lost = { ...upload };
        await append(lost, 0, outdated);
        await blobs.commit(lost, { digest: digestOf(outdated), size });
        await append(upload, 0, bytes.subarray(0, size - 1));
        const row = { ...upload };
        await append(row, size - 1, bytes.subarray(size - 1));
        await blobs.commit(row, { digest: digestOf(bytes), size });
        await restart();
        await append(upload, size - 1, bytes.subarray(size - 1));
        const blob = await blobs.commit(upload, { digest: digestOf(bytes), size });
        assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
      });
    }

    test('an upload that is not there is lost, and aborting it is fine', async () => {
      const upload = begin();
      await assert.rejects(append(upload, 5, randomBytes(5)), UploadLost);
      await assert.rejects(blobs.commit(upload, { digest: digestOf(randomBytes(5)), size: 5 }), UploadLost);
      await blobs.abort(upload);
    });

    test('an aborted upload is gone with its bytes', async () => {
      const upload = begin();
      await append(upload, 0, randomBytes(2 * MIB));
      assert((await leftOf(upload)).length > 0);
      await blobs.abort(upload);
      assert.deepEqual(await leftOf(upload), []);
      await assert.rejects(append(upload, 2 * MIB, randomBytes(5)), UploadLost);
    });

    test('aborting an upload that was committed leaves what was committed', async () => {
      const bytes = randomBytes(MIB);
      const upload = begin();
      await append(upload, 0, bytes);
      const blob = await blobs.commit(upload, { digest: digestOf(bytes), size: MIB });
      await blobs.abort(upload);
      assert.equal(await blobs.check(blob), 'good');
      assert.deepEqual((await fetch(blobs, blob)).bytes, bytes);
    });

    test('lists what uploads left by their key and objects by location, with their age', async () => {
      const blob = await store(randomBytes(100));
      const upload = begin();
      await append(upload, 0, randomBytes(100));
      const found = await listed();
      const ofBoth = found.filter(({ name, upload: key }) => name === blob.location || key === upload.key);
      assert(ofBoth.some(({ name }) => name === blob.location) && ofBoth.some(({ upload: key }) => key === upload.key));
      for (const { name, ageMs } of ofBoth) assert(ageMs >= 0 && ageMs < 60_000, `${name} has the age ${ageMs}`);
      await blobs.remove(blob.location);
      assert(!(await names()).includes(blob.location));
      for (const { name } of await leftOf(upload)) await blobs.remove(name);
      assert.deepEqual(await leftOf(upload), [], 'a sweep removes uploads, too');
    });

    for (const size of [0, 5000, 3 * MIB]) {
      test(`a successor goes on whatever the one before still does (${size} bytes)`, async () => {
        const bytes = randomBytes(size);
        const upload = begin();
        if (size > 0) await append(upload, 0, bytes);
        const stalled = { ...upload };
        const taken = { ...(await blobs.takeOver(upload, size)) };

        const late = randomBytes(MIB);
        await append(stalled, size, late);
        const rest = randomBytes(700);
        assert.deepEqual(await append(taken, size, rest), { offset: size + 700, complete: true });
        const tooLate = { digest: digestOf(Buffer.concat([bytes, late])), size: size + MIB };
        if (taken.key === upload.key) await blobs.commit(stalled, tooLate).catch(() => undefined);
        else await blobs.abort(stalled);

        const whole = Buffer.concat([bytes, rest]);
        const committing = blobs.commit(taken, { digest: digestOf(whole), size: whole.length });
        const blob = await committing.catch((error: unknown) => {
          // A store that keeps the object may lose the upload, but never mix up its bytes.
          assert(taken.key === upload.key && error instanceof UploadLost, String(error));
        });
        if (blob) assert.deepEqual(await fetch(blobs, blob), { result: 'sent', bytes: whole });
      });
    }

    test('a successor takes over what was just committed without disturbing it', async () => {
      const bytes = randomBytes(MIB);
      const upload = begin();
      await append(upload, 0, bytes);
      const row = { ...upload };
      const first = await blobs.commit(upload, { digest: digestOf(bytes), size: MIB });
      const taken = { ...(await blobs.takeOver(row, MIB)) };
      if (taken.key !== row.key) assert.equal(await blobs.check(first), 'good');
      const blob = await blobs.commit(taken, { digest: digestOf(bytes), size: MIB });
      assert.deepEqual(await fetch(blobs, blob), { result: 'sent', bytes });
    });

    test('what is not there cannot be taken over', async () => {
      await assert.rejects(
        (async () => {
          const taken = await blobs.takeOver(begin(), 5);
          await blobs.append(taken, 5, streamOf(randomBytes(5)), { algorithm: 'sha256', limit: LIMIT });
        })(),
        UploadLost,
      );
    });

    test('bytes of a part that was never recorded are not mistaken for those that were', async () => {
      const [lost, good] = [randomBytes(2 * MIB), randomBytes(2 * MIB)];
      const upload = begin();
      await append(upload, 0, randomBytes(0));
      const row = { ...upload };
      // This process appends, but its row is never written; another one appends other bytes of the same length.
      await append(upload, 0, lost);
      const other = await harness.open();
      try {
        const options = { algorithm: 'sha256', limit: LIMIT } as const;
        const { state } = await other.append(row, 0, streamOf(good), options);
        row.state = state;
      } finally {
        await other.close();
      }
      await assert.rejects(blobs.commit({ ...row }, { digest: digestOf(lost), size: 2 * MIB }), DigestMismatch);
      assert.deepEqual(await append(row, 2 * MIB, Buffer.from('end')), { offset: 2 * MIB + 3, complete: true });
      const whole = Buffer.concat([good, Buffer.from('end')]);
      const blob = await blobs.commit(row, { digest: digestOf(whole), size: whole.length });
      assert.deepEqual((await fetch(blobs, blob)).bytes, whole);
    });

    test('what has no URL says so, and what has one gives it to anybody', async () => {
      const bytes = randomBytes(1000);
      const blob = await store(bytes);
      const url = await blobs.presign(blob, { method: 'GET', expiresMs: 60_000 });
      if (url === undefined) return;
      const answer = await globalThis.fetch(url, { headers: { range: 'bytes=10-19' } });
      assert.equal(answer.status, 206);
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes.subarray(10, 20));
    });

    test('removes whatever the list names, leftovers of uploads as well', async () => {
      const upload = begin();
      await append(upload, 0, randomBytes(100));
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
      if (harness.looksByBytes) {
        assert.equal(await blobs.check(blob), 'good');
        return;
      }
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
      await assert.rejects(append(begin(), 0, randomBytes(5)), BlobStoreUnavailable);
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
