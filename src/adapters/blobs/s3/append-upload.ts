/**
 * Appends the bytes of one request to an upload (design, section 4, step 1). Few bytes go up as one object, the tail, hashed here; many
 * go up as parts while more come in and the worker hashes them.
 */
import type { Readable } from 'node:stream';
import {
  type AppendResult,
  type DigestAlgorithm,
  type OpenUpload,
  UploadLost,
  UploadTooLarge,
} from '../../../ports/blob-store.ts';
import { receiveSource } from '../receiving/receive-source.ts';
import { createChunkRecycler } from '../receiving/recycle-chunks.ts';
import { digestHere, discard, type RunningDigest, SMALL_UPLOAD, textOf } from '../receiving/running-digests.ts';
import { type LargeAppend, startLargeAppend } from './large-append.ts';
import { newLocation } from './object-names.ts';
import { outgoingBytes } from './outgoing.ts';
import { readTail } from './read-tail.ts';
import { removeNamed } from './remove-objects.ts';
import { isRefusal } from './s3-failure.ts';
import type { StoreContext } from './store-context.ts';
import { cutBack, readState, sizeOfState, type UploadState, writeState } from './upload-state.ts';

export interface Append {
  readonly upload: OpenUpload;
  /** Bytes of the upload that were acknowledged before. */
  readonly offset: number;
  readonly algorithm: DigestAlgorithm;
  /** Most bytes that the upload may have. */
  readonly limit: number;
}

/** What an append leaves: the state without the digest, and the digest that runs along, if there is one. */
export interface Appended {
  readonly state: Omit<UploadState, 'digest'>;
  readonly digest: RunningDigest | undefined;
}

/** See BlobStore.append. Whatever fails, all that the row names stays as it was. */
export async function appendUpload(store: StoreContext, append: Append, source: Readable): Promise<AppendResult> {
  const { upload, offset, limit } = append;
  const recorded = readState(upload.state);
  const before = cutBack({ ...recorded, leftovers: [] }, offset);
  const isWhole = offset === sizeOfState(recorded);
  // They are in the row, and so nothing but this process knows of what they were replaced by.
  for (const name of recorded.leftovers) store.tidy(() => removeNamed(store, name));
  const recycle = createChunkRecycler(source);
  const gathered: Uint8Array[] = [];
  let received = 0;
  let large: LargeAppend | undefined;
  let digest = isWhole ? store.digests.take(upload.key, upload.state) : undefined;

  function take(chunk: Uint8Array): Promise<void> | undefined {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('An upload must be a stream of bytes.');
    received += chunk.length;
    if (offset + received > limit) throw new UploadTooLarge('The upload is larger than allowed.');
    if (large) return pass(large, chunk);
    gathered.push(chunk);
    return isSmall() ? undefined : enlarge();
  }

  function pass(to: LargeAppend, chunk: Uint8Array): Promise<void> | undefined {
    const pending = to.push(chunk);
    if (pending) return pending.then(() => recycle(chunk));
    recycle(chunk);
    return undefined;
  }

  function isSmall(): boolean {
    return digest?.place !== 'worker' && before.ofTail + received <= SMALL_UPLOAD;
  }

  async function enlarge(): Promise<void> {
    large = startLargeAppend(store, append, before, digest);
    digest = undefined;
    await large.ready;
    for (const chunk of gathered.splice(0)) await pass(large, chunk);
  }

  /** What came is little, and so is the tail that it joins: together they are the new tail. */
  async function finishSmall(): Promise<Appended> {
    const { tail, multipart, leftovers } = before.state;
    const old = await readTail(store, tail, before.ofTail);
    const pieces = old.length > 0 ? [old, ...gathered] : gathered;
    if (!multipart && !digest) {
      const begun = digestHere(append.algorithm);
      begun.hash.update(old);
      digest = begun;
    }
    if (digest?.place === 'here') for (const chunk of gathered) digest.hash.update(chunk);
    const bytes = outgoingBytes(store, pieces, digest && (await textOf(digest)));
    const location = newLocation(upload.key);
    const { etag } = await store.s3.put(location, bytes);
    for (const chunk of gathered.splice(0)) recycle(chunk);
    const newTail = { location, etag, size: bytes.size };
    return { state: { multipart, tail: newTail, leftovers: [...leftovers, ...(tail ? [tail.location] : [])] }, digest };
  }

  try {
    const outcome = await receiveSource(source, take);
    const complete = outcome === 'ended';
    if (received === 0 && isWhole) {
      if (digest) store.digests.put(upload.key, upload.state, digest);
      return { state: upload.state, offset, complete };
    }
    const appended = large ? await large.finish() : await finishSmall();
    ({ digest } = appended);
    const state = writeState({ ...appended.state, digest: digest && (await textOf(digest)) });
    if (digest) store.digests.put(upload.key, state, digest);
    return { state, offset: offset + received, complete };
  } catch (error) {
    if (digest) discard(digest);
    // Completed by a commit whose row was never written: it takes no more bytes.
    if (isRefusal(error, 'no-upload')) throw new UploadLost('The upload was closed.', { cause: error });
    throw error;
  } finally {
    await large?.release();
  }
}
