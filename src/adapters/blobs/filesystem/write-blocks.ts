/** Writes a large upload: gathers its chunks in blocks, which are hashed by the worker and written by the system side by side. */
import { BLOCK_SIZE, type Block, type Blocks } from '../receiving/blocks.ts';
import type { WorkerHash } from '../receiving/hashing.ts';
import { syncFileData, writeAllFully } from './file-calls.ts';

/** How many blocks one upload may have in flight, so that several uploads share what there is. */
const IN_FLIGHT = 8;

/**
 * After so many bytes a sync is started in the background: the disk works while the client sends, and little is left for
 * the last sync, on which the client waits.
 */
const SYNC_EVERY = 16 * 1024 * 1024;

export interface BlockWriter {
  /**
   * Copies the chunk, whose memory is free again afterwards. A promise means: no more until it has resolved. Throws what an earlier write
   * or hash failed with.
   */
  push(chunk: Uint8Array): Promise<void> | undefined;
  /** Resolves with the end of what was written when all of it is hashed and durable. */
  finish(): Promise<number>;
  /** Waits until nothing is in flight any more, whatever became of it. Must be called in the end, also after a failure. */
  release(): Promise<void>;
}

export function writeBlocks(fd: number, start: number, hash: WorkerHash, blocks: Blocks): BlockWriter {
  let current: Block | undefined;
  let filled = 0;
  let position = start;
  let writing: Promise<void> = Promise.resolve();
  let nextWrite: { readonly pieces: Uint8Array[]; readonly written: Promise<void> } | undefined;
  let synced = start;
  let inFlight = 0;
  let backgroundSync: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  let wake: (() => void) | undefined;

  function failed(error: unknown) {
    failure ??= { error };
  }

  /** Resolves at the next arrival of a block or end of a background sync. */
  function change(): Promise<void> {
    return new Promise((resolve) => {
      wake = resolve;
    });
  }

  function notify() {
    wake?.();
    wake = undefined;
  }

  /**
   * Writes behind what was written before. One call at a time: in the system, writes to one file wait for each other, and threads that
   * wait there burn CPU time. What comes meanwhile goes with the next call.
   */
  function write(piece: Uint8Array, at: number): Promise<void> {
    if (nextWrite) {
      nextWrite.pieces.push(piece);
      return nextWrite.written;
    }
    const pieces = [piece];
    const written = writing.then(() => {
      nextWrite = undefined;
      return writeAllFully(fd, pieces, at);
    });
    nextWrite = { pieces, written };
    writing = written.catch(() => {});
    return written;
  }

  async function fly(block: Block, length: number, at: number) {
    const written = write(block.bytes.subarray(0, length), at);
    const results = await Promise.allSettled([written, hash.update(block, length)]);
    for (const result of results) if (result.status === 'rejected') failed(result.reason);
    blocks.give(block);
    blocks.arrive();
    inFlight--;
    if (!backgroundSync && !failure && at + length - synced >= SYNC_EVERY) syncInBackground(at + length);
    notify();
  }

  function syncInBackground(upTo: number) {
    synced = upTo;
    backgroundSync = syncFileData(fd)
      .catch(failed)
      .finally(() => {
        backgroundSync = undefined;
        notify();
      });
  }

  function dispatch(): Promise<void> | undefined {
    const block = current!;
    const length = filled;
    const at = position;
    current = undefined;
    filled = 0;
    position += length;
    inFlight++;
    const permit = blocks.depart();
    if (!permit) {
      void fly(block, length, at);
      return inFlight >= IN_FLIGHT ? room() : undefined;
    }
    return permit.then(() => {
      void fly(block, length, at);
      return inFlight >= IN_FLIGHT ? room() : undefined;
    });
  }

  async function room() {
    while (inFlight >= IN_FLIGHT) await change();
    if (failure) throw failure.error;
  }

  function push(chunk: Uint8Array): Promise<void> | undefined {
    if (failure) throw failure.error;
    let waits: Promise<void> | undefined;
    for (let taken = 0; taken < chunk.length; ) {
      current ??= blocks.take();
      const part = Math.min(BLOCK_SIZE - filled, chunk.length - taken);
      current.bytes.set(part === chunk.length ? chunk : chunk.subarray(taken, taken + part), filled);
      filled += part;
      taken += part;
      if (filled < BLOCK_SIZE) break;
      const rest = chunk.subarray(taken);
      waits = dispatch();
      // A chunk larger than the block (never one of the HTTP parser's) waits its turn in parts.
      if (waits && rest.length > 0) return waits.then(() => push(rest));
    }
    return waits;
  }

  async function release() {
    if (current) blocks.give(current);
    current = undefined;
    while (inFlight > 0 || backgroundSync) await change();
  }

  async function finish() {
    if (filled > 0) await dispatch();
    await release();
    if (failure) throw failure.error;
    await syncFileData(fd);
    return position;
  }

  return { push, finish, release };
}
