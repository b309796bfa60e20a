/**
 * Appends the bytes of one request to an upload's file, hashing them as they pass (design, section 4, step 1). Few bytes are
 * hashed here and written with one call; many go through shared blocks to the worker and the system side by side.
 */
import { join } from 'node:path';
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
import { closeFile, syncFileData, writeAllFully } from './file-calls.ts';
import { hashFile } from './hash-file.ts';
import type { StoreContext } from './store-context.ts';
import { cutBack, openUploadFile } from './upload-file.ts';
import { digestInState, uploadState } from './upload-state.ts';
import { type BlockWriter, writeBlocks } from './write-blocks.ts';

export interface Append {
  readonly upload: OpenUpload;
  /** Bytes of the upload that were acknowledged before. */
  readonly offset: number;
  readonly algorithm: DigestAlgorithm;
  /** Most bytes that the upload may have. */
  readonly limit: number;
}

/** Chunks are held as they came up to so many bytes and pieces; most uploads of an image are smaller and never need a block. */
const GATHER_BYTES = 256 * 1024;
const GATHER_CHUNKS = 16;

/**
 * See BlobStore.append; throws file system errors as they are. Whatever fails, the acknowledged bytes stay as they were, and
 * nothing is left behind them.
 */
export async function appendUpload(store: StoreContext, append: Append, source: Readable): Promise<AppendResult> {
  const { offset, algorithm } = append;
  const { key, state } = append.upload;
  const recycle = createChunkRecycler(source);
  const gathered: Uint8Array[] = [];
  let received = 0;
  let fd: number | undefined;
  let writer: BlockWriter | undefined;
  // A digest by another algorithm is none: its state would never lead to a commit.
  let digest = offset > 0 && digestInState(state, offset, algorithm) ? store.digests.take(key, state) : undefined;

  function take(chunk: Uint8Array): Promise<void> | undefined {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('An upload must be a stream of bytes.');
    received += chunk.length;
    if (offset + received > append.limit) throw new UploadTooLarge('The upload is larger than allowed.');
    if (writer) return pass(writer, chunk);
    gathered.push(chunk);
    return isSmall() ? undefined : enlarge();
  }

  function pass(to: BlockWriter, chunk: Uint8Array): Promise<void> | undefined {
    const pending = to.push(chunk);
    if (pending) return pending.then(() => recycle(chunk));
    recycle(chunk);
    return undefined;
  }

  function isSmall(): boolean {
    if (digest?.place === 'worker' || offset + received > SMALL_UPLOAD) return false;
    return received <= GATHER_BYTES && gathered.length <= GATHER_CHUNKS;
  }

  async function enlarge() {
    fd = await openUploadFile(store, key, offset);
    const inWorker = digest?.place === 'worker' ? digest : await digestInWorker(store, append, fd);
    digest = inWorker;
    writer = writeBlocks(fd, offset, inWorker.hash, store.blocks);
    for (const chunk of gathered.splice(0)) await pass(writer, chunk);
  }

  /** Answers when the gathered bytes are durable; they are hashed while the system syncs them. */
  async function finishSmall() {
    if (offset + received === 0) return;
    fd = await openUploadFile(store, key, offset);
    await writeAllFully(fd, gathered, offset);
    const synced = syncFileData(fd);
    digest ??= offset === 0 ? digestHere(algorithm) : undefined;
    if (digest?.place === 'here') for (const chunk of gathered) digest.hash.update(chunk);
    await synced;
    for (const chunk of gathered.splice(0)) recycle(chunk);
  }

  /** Keeps the running digest for what may follow; answers the state that names it. */
  async function keep(end: number): Promise<string> {
    if (!digest) return received === 0 ? state : '';
    const reached = uploadState(end, await textOf(digest));
    store.digests.put(key, reached, digest);
    return reached;
  }

  try {
    const outcome = await receiveSource(source, take);
    if (writer) await writer.finish();
    else await finishSmall();
    // The name of a new file. It was made before the last sync of the data, so that both mostly go with one journal commit.
    if (offset === 0 && received > 0) await store.directories.sync(join(store.directory, 'uploads'));
    const end = offset + received;
    return { offset: end, complete: outcome === 'ended', state: await keep(end) };
  } catch (error) {
    await writer?.release();
    if (digest) discard(digest);
    if (fd !== undefined) await cutBack(store.directory, key, fd, offset);
    throw error;
  } finally {
    if (fd !== undefined) await closeFile(fd);
  }
}

/** A digest of the acknowledged bytes that goes on in the worker; those are read once more, if there are any. */
async function digestInWorker(
  store: StoreContext,
  { algorithm, offset }: Pick<Append, 'algorithm' | 'offset'>,
  fd: number,
): Promise<RunningDigest & { place: 'worker' }> {
  const hash = store.hashing.begin(algorithm);
  if ((await hashFile(fd, offset, hash, store.blocks)) < offset) {
    hash.end();
    throw new UploadLost('The upload has fewer bytes than were acknowledged.');
  }
  return { algorithm, place: 'worker', hash };
}
