/** Reads an object once and hashes it in the worker. */
import { createHash } from 'node:crypto';
import type { DigestAlgorithm } from '../../../ports/blob-store.ts';
import { BLOCK_SIZE, type Block } from '../receiving/blocks.ts';
import { readObject } from './read-object.ts';
import type { Look } from './s3-store.ts';
import type { StoreContext } from './store-context.ts';

/** How many blocks may wait for the worker. */
const AHEAD = 4;

/** The digest of the object; undefined when it is gone, or another came in its place meanwhile. */
export async function hashObject(
  store: StoreContext,
  object: Look & { readonly location: string },
  algorithm: DigestAlgorithm,
): Promise<string | undefined> {
  const hash = store.hashing.begin(algorithm);
  const running = new Set<Promise<void>>();
  let block: Block | undefined;
  let filled = 0;

  function dispatch(): Promise<void> | undefined {
    if (!block) return undefined;
    const full = block;
    block = undefined;
    const one = hash.update(full, filled).finally(() => {
      store.blocks.give(full);
      running.delete(one);
    });
    filled = 0;
    running.add(one);
    return running.size >= AHEAD ? Promise.race(running) : undefined;
  }

  function take(chunk: Uint8Array): Promise<void> | undefined {
    for (let taken = 0; taken < chunk.length; ) {
      block ??= store.blocks.take();
      const part = Math.min(BLOCK_SIZE - filled, chunk.length - taken);
      block.bytes.set(chunk.subarray(taken, taken + part), filled);
      filled += part;
      taken += part;
      if (filled < BLOCK_SIZE) break;
      const waits = dispatch();
      const rest = chunk.subarray(taken);
      if (waits) return rest.length > 0 ? waits.then(() => take(rest)) : waits;
    }
    return undefined;
  }

  try {
    const span = { first: 0, last: object.size - 1 };
    const outcome = await readObject(store.s3, object, { span }, (chunk, free) => {
      const pending = take(chunk);
      if (pending) return pending.then(() => free(chunk));
      free(chunk);
      return undefined;
    });
    if (outcome !== 'whole') return undefined;
    await dispatch();
    await Promise.all(running);
    return `${algorithm}:${await hash.peek()}`;
  } finally {
    await Promise.allSettled(running);
    if (block) store.blocks.give(block);
    hash.end();
  }
}

/** The digest of a few bytes, hashed here. */
export function digestBytes(bytes: Uint8Array, algorithm: DigestAlgorithm): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}
