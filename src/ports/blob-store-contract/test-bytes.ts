/** Bytes for the contract of blob stores: where they come from, and where they are read into. */
import { createHash } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import type { BlobStore, DigestAlgorithm, StoredBlob } from '../blob-store.ts';

export const MIB = 1024 * 1024;
/** More than any upload of the contract has. */
export const LIMIT = 64 * MIB;
/** From nothing to more than any store keeps in one piece. */
export const SIZES = [0, 1, 1000, 256 * 1024, 256 * 1024 + 1, MIB, MIB + 1, 3 * MIB + 17];

export function digestOf(bytes: Buffer, algorithm: DigestAlgorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

export function streamOf(bytes: Buffer, chunk = 65_000): Readable {
  return Readable.from(pieces(bytes, chunk), { objectMode: false });
}

function* pieces(bytes: Buffer, chunk: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
}

/** Gives all bytes, then fails as a connection does when its client goes away. */
export function breakingStream(bytes: Buffer): Readable {
  async function* give() {
    yield* pieces(bytes, 65_000);
    throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
  }
  return Readable.from(give(), { objectMode: false });
}

export function collector(): { stream: Writable; bytes(): Buffer } {
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

export async function fetchBlob(blobs: BlobStore, blob: StoredBlob, range?: { first: number; last: number }) {
  const to = collector();
  const result = await (await blobs.open(blob, range)).send(to.stream);
  return { result, bytes: to.bytes() };
}
