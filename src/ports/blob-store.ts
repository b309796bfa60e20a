/**
 * What we ask of the place where bytes lie. The life of a layer (design, section 4):
 *
 * 1. `startUpload` names an object. Nothing is promised yet.
 * 2. `append` receives bytes, hashes them as they pass and resolves when they are durable. Memory per upload is bounded.
 *    What it answers as `state` lets any process go on: the digest so far is in it, so that closing reads nothing again.
 * 3. `commit` compares size and digest and puts the object under its final `location`, durably, without copying a byte and
 *    without reading one again. The caller then commits the row that makes the blob exist, and only then answers 201.
 * 4. `send` gives the bytes out; `remove` removes an object whose row is gone.
 * 5. What no row knows is found by `listObjects`, slowly, in the background, never at start.
 *
 * A **fingerprint** is what the object looked like from outside (on a file system size, inode, mtime and ctime) when its
 * bytes were last known to be good. An object that still looks so is sent as it is; one that looks different is hashed while
 * it is sent, and its last block is withheld when the digest is wrong. So no damaged byte is ever served as part of a whole.
 */
import type { Readable, Writable } from 'node:stream';

export type DigestAlgorithm = 'sha256' | 'sha512';

/** What the store must know of a blob to give it out. */
export interface StoredBlob {
  readonly digest: string;
  readonly size: number;
  readonly location: string;
  readonly fingerprint: string;
}

/** An upload under way, as the store must know it. Both are kept in the upload's row, so that another process can go on. */
export interface OpenUpload {
  /** What `startUpload` answered. */
  readonly key: string;
  /** What the last `append` answered; empty before the first. Nobody but the store reads it. */
  readonly state: string;
}

export interface AppendResult {
  /** To be handed to the next call, once it is in the upload's row. */
  readonly state: string;
  /** Durable bytes of the upload after this call, counted from its beginning. */
  readonly offset: number;
  /** False when the source broke off (client gone, body shorter than said): what came is kept all the same. */
  readonly complete: boolean;
}

/** Bytes first..last, both inclusive. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Something that lies in the store, committed or not; `remove` takes its `name`. */
export interface ListedObject {
  readonly name: string;
  /** The key of the upload that wrote it, where the store can tell. */
  readonly upload?: string;
  readonly ageMs: number;
}

export interface BlobStore {
  /** A new object key for an upload. Creates nothing that would have to be cleaned up. */
  startUpload(): string;
  /**
   * Appends `source` at `offset` of the upload; whatever the object holds beyond `offset` (unacknowledged bytes of a crashed
   * or interrupted request) is cut off first. Consumes `source` to its end. Rejects with `UploadTooLarge` when more than
   * `limit` bytes would be in the object, with `BlobStoreUnavailable` when the bytes could not be stored (`full` when the
   * disk is), with `UploadLost` when the object has fewer than `offset` bytes.
   * An upload whose commit was never followed by its row goes on: the object is taken back from its location. So no row may point there while
   * the caller appends or commits. Calls for one key must not overlap, on whatever node; the caller sees to both.
   */
  append(
    upload: OpenUpload,
    offset: number,
    source: Readable,
    options: { algorithm: DigestAlgorithm; limit: number },
  ): Promise<AppendResult>;
  /**
   * Finishes the upload of `size` bytes as `digest`. Rejects with `DigestMismatch` (the upload stays open) or as `append`
   * does. An upload without any byte may be committed: the empty blob.
   */
  commit(upload: OpenUpload, expected: { digest: string; size: number }): Promise<StoredBlob>;
  /**
   * For whoever succeeds a caller that may only have stood still and may write again: the upload with its first `offset` bytes in a place where
   * nothing that the old caller still does has an effect. Reads the old object and changes nothing of it: `abort` it once the row names the new one. A store
   * in which late writes can do no harm answers the same upload. Rejects as `append` does.
   */
  takeOver(upload: OpenUpload, offset: number): Promise<OpenUpload>;
  /** Forgets an upload and removes its bytes; what `commit` has made of them stays. Never rejects for one that is not there. */
  abort(upload: OpenUpload): Promise<void>;
  /**
   * How the object looks now, without reading it. `changed`: it is there and may be whole or not; `verify` knows. Rejects with a TypeError for a
   * location that no store of this kind gives out.
   */
  check(blob: StoredBlob): Promise<'good' | 'changed' | 'absent'>;
  /** Reads and hashes the object. Answers its present fingerprint when the bytes match the digest, else `damaged` or `absent`. */
  verify(blob: StoredBlob): Promise<{ fingerprint: string } | 'damaged' | 'absent'>;
  /**
   * Opens a blob that looks good or has just been verified, to send it or a range of it. Rejects with `BlobAbsent` when it is not there or its
   * size is not the blob's, with a RangeError when the range does not lie wholly in it.
   */
  open(blob: StoredBlob, range?: ByteRange): Promise<OpenBlob>;
  /**
   * A URL under which anybody may GET (or HEAD) the object for `expiresMs`, Range included; undefined where the store has no such thing. Asks
   * nothing of the store: `check` first.
   */
  presign(
    blob: StoredBlob,
    options: { readonly method: 'GET' | 'HEAD'; readonly expiresMs: number },
  ): Promise<string | undefined>;
  /** Removes a committed object, or one that `listObjects` named. Never rejects for one that is not there. */
  remove(location: string): Promise<void>;
  /**
   * Every object, committed or not, with its age in ms: in slices, so that a sweep can go slowly. `location` of a committed
   * one comes back as `name`. What may belong to an upload says so: `upload` is its key (for some stores that is the `name`), and
   * as long as a row has the upload open it must stay, whether a blob's row knows the name or not.
   */
  listObjects(): AsyncIterable<readonly ListedObject[]>;
  /** The text that says whose store this is; undefined when there is none. Asks the store itself, each time. */
  readMark(): Promise<string | undefined>;
  /**
   * Leaves a mark, durably, unless there is one; answers the one that is there then. It is never listed or removed. Of two different marks left at
   * the very same moment both callers may be answered their own.
   */
  leaveMark(mark: string): Promise<string>;
  /** Rejects with BlobStoreUnavailable when it cannot be written to (for /readyz). */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** An opened blob. `send` or `close` must be called, once. */
export interface OpenBlob {
  readonly size: number;
  /** False when the object looks different from its fingerprint: `send` of the whole hashes it and withholds the last block if it is wrong. */
  readonly trusted: boolean;
  /**
   * Writes what was opened to `to` with backpressure and ends it. Resolves with what came of it: `damaged` means the last block was
   * withheld and `to` destroyed; `aborted` that the receiver went away. Always closes the blob.
   * Rejects with a TypeError for a range of an untrusted blob: `verify` first.
   */
  send(to: Writable): Promise<'sent' | 'damaged' | 'aborted'>;
  close(): Promise<void>;
}

export class BlobStoreUnavailable extends Error {
  override readonly name = 'BlobStoreUnavailable';
  readonly full: boolean;
  constructor(message: string, options: { cause?: unknown; full?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.full = options.full ?? false;
  }
}

export class DigestMismatch extends Error {
  override readonly name = 'DigestMismatch';
  readonly actual: string;
  constructor(actual: string) {
    super('The uploaded bytes have another digest.');
    this.actual = actual;
  }
}

export class UploadTooLarge extends Error {
  override readonly name = 'UploadTooLarge';
}

/** The object of an upload is gone or shorter than what was acknowledged. */
export class UploadLost extends Error {
  override readonly name = 'UploadLost';
}

export class BlobAbsent extends Error {
  override readonly name = 'BlobAbsent';
}
