/**
 * Blocks of shared memory through which the bytes of large uploads pass: filled on the main thread, hashed by the worker and
 * written by the system at the same time, without another copy. They are used again, so that pushing makes no garbage.
 */

export const BLOCK_SIZE = 256 * 1024;

export interface Block {
  readonly id: number;
  readonly shared: SharedArrayBuffer;
  readonly bytes: Uint8Array;
}

export interface Blocks {
  /** A block to fill. Always there: an upload holds at most one that is not in flight. */
  take(): Block;
  /** Gives a block back, when neither the worker nor a write uses it any more. */
  give(block: Block): void;
  /**
   * Asks to put one more block in flight; undefined means at once. The number of blocks in flight is what bounds memory
   * over all uploads, and a slow client, whose block is not in flight, takes nothing from the others.
   */
  depart(): Promise<void> | undefined;
  arrive(): void;
}

/** `onDrop` hears of blocks that will not be used again. */
export function createBlocks(limits: { inFlight: number; spare: number }, onDrop: (block: Block) => void): Blocks {
  const spare: Block[] = [];
  const waiting: (() => void)[] = [];
  let inFlight = 0;
  let nextId = 0;

  return {
    take() {
      const used = spare.pop();
      if (used) return used;
      const shared = new SharedArrayBuffer(BLOCK_SIZE);
      return { id: nextId++, shared, bytes: new Uint8Array(shared) };
    },
    give(block) {
      if (spare.length < limits.spare) spare.push(block);
      else onDrop(block);
    },
    depart() {
      if (inFlight < limits.inFlight) {
        inFlight++;
        return undefined;
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    arrive() {
      // The place goes straight to whoever waits longest.
      const next = waiting.shift();
      if (next) next();
      else inFlight--;
    },
  };
}
