/** Bytes that can be made again from their name, so that a trial remembers gigabytes in a few words. */
import { createHash } from 'node:crypto';

export interface Content {
  readonly name: string;
  readonly size: number;
  readonly digest: string;
}

const POOL_SIZE = 1 << 20;
let pool: Buffer | undefined;

/** A mebibyte that looks random; no two 64-byte runs of it are equal. */
function noise(): Buffer {
  if (pool === undefined) {
    pool = Buffer.alloc(POOL_SIZE);
    for (let at = 0; at < POOL_SIZE; at += 64) createHash('sha512').update(`noise ${at}`).digest().copy(pool, at);
  }
  return pool;
}

/** The bytes first..last (both included) of a content. */
export function contentSlice(content: Pick<Content, 'name' | 'size'>, first = 0, last = content.size - 1): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, last - first + 1));
  const head = createHash('sha256').update(content.name).digest();
  const shift = head.readUInt32LE(0) % POOL_SIZE;
  let at = 0;
  if (first < head.length && bytes.length > 0) at += head.copy(bytes, 0, first);
  while (at < bytes.length) {
    const from = (shift + first + at) % POOL_SIZE;
    at += noise().copy(bytes, at, from);
  }
  return bytes;
}

/** Names a content and finds its digest. Contents of different names differ in their first 32 bytes. */
export function makeContent(name: string, size: number): Content {
  const hash = createHash('sha256');
  const block = 4 << 20;
  for (let first = 0; first < size; first += block) {
    hash.update(contentSlice({ name, size }, first, Math.min(size, first + block) - 1));
  }
  return { name, size, digest: `sha256:${hash.digest('hex')}` };
}

export function sha256Digest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
