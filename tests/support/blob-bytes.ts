/** Bytes in and out of a blob store, for tests of an adapter. Imports types of src only. */
import { createHash } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import type { BlobStore, OpenUpload, StoredBlob } from '../../src/ports/blob-store.ts';

export const MIB = 1024 * 1024;

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The bytes as a stream of chunks, as a connection brings them. */
export function streamOf(bytes: Buffer, chunk = 65_536): Readable {
  function* pieces() {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** Appends and answers the upload as its row would now be. */
export async function appendTo(
  blobs: BlobStore,
  upload: OpenUpload,
  offset: number,
  source: Buffer | Readable,
): Promise<OpenUpload> {
  const stream = Buffer.isBuffer(source) ? streamOf(source) : source;
  const { state } = await blobs.append(upload, offset, stream, { algorithm: 'sha256', limit: 1e12 });
  return { key: upload.key, state };
}

/** Stores the bytes the way of a push: one request for the bytes, one that closes. */
export async function storeBytes(blobs: BlobStore, bytes: Buffer): Promise<StoredBlob> {
  const upload = await appendTo(blobs, { key: blobs.startUpload(), state: '' }, 0, bytes);
  return blobs.commit(upload, { digest: digestOf(bytes), size: bytes.length });
}

/** What a client gets: the bytes that came before its connection ended, and how it ended. */
export async function readBlob(blobs: BlobStore, blob: StoredBlob, range?: { first: number; last: number }) {
  const chunks: Buffer[] = [];
  const to = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      setImmediate(done);
    },
  });
  const open = await blobs.open(blob, range);
  const result = await open.send(to).catch((error: unknown) => error);
  return { result, bytes: Buffer.concat(chunks), destroyed: to.destroyed && !to.writableFinished };
}
