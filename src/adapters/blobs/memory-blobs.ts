/** A blob store in memory, for tests of what stands above it. It keeps the promises of the port, save that nothing outlives the process. */
import { createHash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import {
  BlobAbsent,
  type BlobStore,
  BlobStoreUnavailable,
  type ByteRange,
  DigestMismatch,
  type OpenBlob,
  type StoredBlob,
  UploadLost,
  UploadTooLarge,
} from '../../ports/blob-store.ts';

export interface MemoryObject {
  readonly bytes: Buffer;
  /** What its fingerprint is made of: whoever changes the bytes puts a new object with another version. */
  readonly version: number;
  readonly changedAt: number;
}

/** By upload key or location. Hand in the same map again for a store that was restarted; change it to damage objects. */
export type MemoryObjects = Map<string, MemoryObject>;

/** The mark of the store whose objects these are, kept apart so that the objects are all that is in the map. */
const marks = new WeakMap<MemoryObjects, string>();

/** Takes the mark away, as when a disk is not mounted any more, or puts one there. */
export function setMemoryMark(objects: MemoryObjects, mark: string | undefined): void {
  if (mark === undefined) marks.delete(objects);
  else marks.set(objects, mark);
}

export interface MemoryBlobsOptions {
  readonly now?: () => number;
  /** Makes this a store that redirects to such URLs. */
  readonly presigned?: (blob: StoredBlob, method: 'GET' | 'HEAD', expiresMs: number) => string;
}

export function memoryBlobs(
  objects: MemoryObjects = new Map(),
  { now = Date.now, presigned }: MemoryBlobsOptions = {},
): BlobStore {
  let nextVersion = objects.size + 1;
  let nextName = objects.size + 1;
  let closed = false;

  function put(name: string, bytes: Buffer): MemoryObject {
    const object = { bytes, version: nextVersion++, changedAt: now() };
    objects.set(name, object);
    return object;
  }

  const newKey = () => `uploads/${nextName++}-${Math.random().toString(36).slice(2)}`;

  function ensureOpen() {
    if (closed) throw new BlobStoreUnavailable('The blob store is closed.');
  }

  function acknowledged(key: string, length: number): Buffer {
    if (length > 0 && !objects.has(key)) takeBack(key);
    const bytes = objects.get(key)?.bytes ?? Buffer.alloc(0);
    if (bytes.length < length) throw new UploadLost('The upload has fewer bytes than were acknowledged.');
    return bytes.subarray(0, length);
  }

  /** An upload that was committed before, but whose row was not, and which goes on. The last one is the newest. */
  function takeBack(key: string) {
    const location = [...objects.keys()].findLast((name) => name.endsWith(key.replace('uploads/', '.')));
    const object = location && objects.get(location);
    if (!location || !object) return;
    objects.delete(location);
    put(key, object.bytes);
  }

  return {
    startUpload: newKey,

    async append({ key }, offset, source, { limit }) {
      ensureOpen();
      const before = acknowledged(key, offset);
      const chunks: Uint8Array[] = [];
      let end = offset;
      const complete = await receive(source, (chunk) => {
        end += chunk.length;
        if (end > limit) throw new UploadTooLarge('The upload is larger than allowed.');
        chunks.push(chunk);
      });
      put(key, Buffer.concat([before, ...chunks]));
      return { offset: end, complete, state: `${end} bytes` };
    },

    async commit({ key }, { digest, size }) {
      ensureOpen();
      const location = `${digest.replace(':', '/')}.${key.slice('uploads/'.length)}`;
      // An upload that was committed before, but whose row was not: the same answer again.
      const from = !objects.has(key) && objects.has(location) ? location : key;
      const bytes = acknowledged(from, size);
      const actual = digestOf(digest, bytes);
      if (actual !== digest) throw new DigestMismatch(actual);
      objects.delete(from);
      return { digest, size, location, fingerprint: fingerprintOf(put(location, bytes)) };
    },

    async takeOver({ key, state }, offset) {
      ensureOpen();
      const committed = [...objects.keys()].findLast((name) => name.endsWith(key.replace('uploads/', '.')));
      const bytes = (objects.get(key) ?? objects.get(committed ?? ''))?.bytes ?? Buffer.alloc(0);
      if (bytes.length < offset) throw new UploadLost('The upload has fewer bytes than were acknowledged.');
      const taken = newKey();
      put(taken, bytes.subarray(0, offset));
      return { key: taken, state };
    },

    async abort({ key }) {
      objects.delete(key);
    },

    async check(blob) {
      const object = objects.get(blob.location);
      if (!object) return 'absent';
      return fingerprintOf(object) === blob.fingerprint ? 'good' : 'changed';
    },

    async verify(blob) {
      const object = objects.get(blob.location);
      if (!object) return 'absent';
      return isWhole(blob, object) ? { fingerprint: fingerprintOf(object) } : 'damaged';
    },

    async open(blob, range = { first: 0, last: blob.size - 1 }) {
      ensureOpen();
      if (!(range.first >= 0 && range.last < blob.size && range.last >= range.first - 1)) {
        throw new RangeError('The range lies outside the blob.');
      }
      const object = objects.get(blob.location);
      if (!object || object.bytes.length !== blob.size) throw new BlobAbsent('The object is not there.');
      return openMemoryBlob(blob, object, range);
    },

    async presign(blob, { method, expiresMs }) {
      return presigned?.(blob, method, expiresMs);
    },

    async remove(location) {
      objects.delete(location);
    },

    async *listObjects() {
      const names = [...objects].map(([name, object]) => ({
        name,
        ...(name.startsWith('uploads/') && { upload: name }),
        ageMs: Math.max(0, now() - object.changedAt),
      }));
      if (names.length > 0) yield names;
    },

    async readMark() {
      ensureOpen();
      return marks.get(objects);
    },

    async leaveMark(mark) {
      ensureOpen();
      if (!marks.has(objects)) marks.set(objects, mark);
      return marks.get(objects) ?? mark;
    },

    async ping() {
      ensureOpen();
    },

    async close() {
      closed = true;
    },
  };
}

function openMemoryBlob(blob: StoredBlob, object: MemoryObject, range: ByteRange): OpenBlob {
  const trusted = fingerprintOf(object) === blob.fingerprint;
  return {
    size: blob.size,
    trusted,
    async send(to) {
      const whole = range.first === 0 && range.last === blob.size - 1;
      if (!trusted && !whole) throw new TypeError('A range of an untrusted blob cannot be sent.');
      if (to.destroyed) return 'aborted';
      if (!trusted && !isWhole(blob, object)) {
        to.destroy();
        return 'damaged';
      }
      return sendBytes(object.bytes.subarray(range.first, range.last + 1), to);
    },
    async close() {},
  };
}

function sendBytes(bytes: Buffer, to: Writable): Promise<'sent' | 'aborted'> {
  return new Promise((resolve) => {
    to.once('close', () => resolve('aborted'));
    to.once('error', () => resolve('aborted'));
    to.end(bytes, () => resolve('sent'));
  });
}

/** Answers whether the source came to its end. */
async function receive(source: Readable, take: (chunk: Uint8Array) => void): Promise<boolean> {
  const iterator = source[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await iterator.next();
    } catch {
      return false;
    }
    if (next.done) return source.readableEnded;
    take(next.value);
  }
}

function isWhole(blob: StoredBlob, object: MemoryObject): boolean {
  return object.bytes.length === blob.size && digestOf(blob.digest, object.bytes) === blob.digest;
}

/** The digest of the bytes by the algorithm of `like`. */
function digestOf(like: string, bytes: Uint8Array): string {
  const algorithm = like.slice(0, like.indexOf(':'));
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

function fingerprintOf(object: MemoryObject): string {
  return `${object.bytes.length}.${object.version}`;
}
