/** Turns the chunks of a large request into parts: gathered in blocks of shared memory, hashed by the worker while they go up. */
import { BLOCK_SIZE, type Block, type Blocks } from '../receiving/blocks.ts';
import type { WorkerHash } from '../receiving/hashing.ts';
import type { PartWriter, Piece } from './part-writer.ts';

/** A piece in a block that the worker knows. */
export interface BlockPiece extends Piece {
  readonly block: Block;
}

export interface PartStream {
  /** Copies the chunk, whose memory is free again afterwards. A promise means: no more until it has resolved. */
  push(chunk: Uint8Array): Promise<void> | undefined;
  /** As `push`, for bytes that the hash knows already. */
  pushHashed(chunk: Uint8Array): Promise<void> | undefined;
  /** Hands over what is gathered and resolves when the hash knows it all. */
  finish(): Promise<void>;
  /** Waits until the worker uses no block any more. Must be called in the end. */
  release(): Promise<void>;
}

/** `hash` is undefined when the digest of what came before is unknown. */
export function streamParts(blocks: Blocks, writer: PartWriter<BlockPiece>, hash: WorkerHash | undefined): PartStream {
  const hashing = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  let current: Block | undefined;
  let filled = 0;

  function dispatch(hashed: boolean): Promise<void> | undefined {
    const block = current;
    if (!block || filled === 0) return undefined;
    const length = filled;
    current = undefined;
    filled = 0;
    // The block is free when both the worker and the store are done with it.
    let users = 1;
    const leave = () => {
      if (--users === 0) blocks.give(block);
    };
    if (hash && !hashed) {
      users++;
      const one = hash
        .update(block, length)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          hashing.delete(one);
          leave();
        });
      hashing.add(one);
    }
    const piece: BlockPiece = { block, bytes: block.bytes.subarray(0, length), release: leave };
    return writer.add(piece);
  }

  function gather(chunk: Uint8Array, hashed: boolean): Promise<void> | undefined {
    if (failure) throw failure.error;
    for (let taken = 0; taken < chunk.length; ) {
      current ??= blocks.take();
      const part = Math.min(BLOCK_SIZE - filled, chunk.length - taken);
      current.bytes.set(part === chunk.length ? chunk : chunk.subarray(taken, taken + part), filled);
      filled += part;
      taken += part;
      if (filled < BLOCK_SIZE) break;
      const waits = dispatch(hashed);
      const rest = chunk.subarray(taken);
      if (waits) return rest.length > 0 ? waits.then(() => gather(rest, hashed)) : waits;
    }
    return undefined;
  }

  return {
    push: (chunk) => gather(chunk, false),
    async pushHashed(chunk) {
      await gather(chunk, true);
      // What the hash knows and what it does not know yet never share a block.
      await dispatch(true);
    },
    async finish() {
      await dispatch(false);
      await Promise.all(hashing);
      if (failure) throw failure.error;
    },
    async release() {
      if (current) blocks.give(current);
      current = undefined;
      await Promise.all(hashing);
    },
  };
}
