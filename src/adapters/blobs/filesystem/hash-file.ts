/** Reads the beginning of a file into a digest of the worker: to make a lost digest again, and to verify an object. */
import type { Block, Blocks } from '../receiving/blocks.ts';
import type { WorkerHash } from '../receiving/hashing.ts';
import { readFully } from './file-calls.ts';

/** Hashes the first `length` bytes, reading one block while the worker hashes another. Answers how many there were. */
export async function hashFile(fd: number, length: number, hash: WorkerHash, blocks: Blocks): Promise<number> {
  const pair: [Block, Block] = [blocks.take(), blocks.take()];
  // Two blocks in flight for the whole time, asked for one after the other: whoever holds one gets the other in the end only
  // if somebody else gives one back, so that a single place serves both.
  await blocks.depart();
  let hashed: Promise<void> = Promise.resolve();
  try {
    let position = 0;
    for (let turn = 0; position < length; turn++) {
      const block = pair[turn % 2]!;
      const wanted = Math.min(block.bytes.length, length - position);
      const got = await readFully(fd, block.bytes.subarray(0, wanted), position);
      await hashed;
      hashed = hash.update(block, got);
      // Its rejection is met by the next await; until then it must not count as unhandled.
      hashed.catch(() => {});
      position += got;
      if (got < wanted) break;
    }
    await hashed;
    return position;
  } finally {
    await hashed.catch(() => {});
    blocks.arrive();
    for (const block of pair) blocks.give(block);
  }
}
