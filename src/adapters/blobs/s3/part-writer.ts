/**
 * Sends the bytes of an upload as parts while more come in. What is cut off as a part is always followed by at least 5 MiB, so that what remains at the
 * end of a request of some size can be a part, too, though more may follow, and no byte goes up twice.
 */
import { plannedPartSize, SMALLEST_PART } from './part-sizes.ts';
import type { StoredPart } from './upload-state.ts';

/** Bytes whose memory goes back when they are stored. */
export interface Piece {
  readonly bytes: Uint8Array;
  release(): void;
}

/** What all uploads of this process may have under way to the store. */
export interface PartBudget {
  /** Resolves when `size` bytes may go; whoever asks first goes first. */
  enter(size: number): Promise<void> | undefined;
  leave(size: number): void;
}

/** One part may always be under way, however large. */
export function createPartBudget(most: number): PartBudget {
  const waiting: { readonly size: number; readonly go: () => void }[] = [];
  let used = 0;
  const fits = (size: number) => used === 0 || used + size <= most;
  return {
    enter(size) {
      if (waiting.length === 0 && fits(size)) {
        used += size;
        return undefined;
      }
      return new Promise((go) => waiting.push({ size, go }));
    },
    leave(size) {
      used -= size;
      for (let next = waiting[0]; next && fits(next.size); next = waiting[0]) {
        waiting.shift();
        used += next.size;
        next.go();
      }
    },
  };
}

export interface PartWriter<P extends Piece> {
  /** Takes bytes. A promise means: no more until it has resolved. Throws what an earlier part failed with. */
  add(piece: P): Promise<void> | undefined;
  /** What is not yet under way. */
  readonly rest: readonly P[];
  readonly restSize: number;
  /** Of the part that would be sent next. */
  readonly nextNumber: number;
  /** Sends what is left as a part. */
  flush(): Promise<void>;
  /** The parts sent, in order, when all have arrived. */
  finish(): Promise<StoredPart[]>;
  /** Waits until nothing is under way, whatever became of it, and gives all memory back. Must be called in the end. */
  release(): Promise<void>;
}

export interface PartWriterOptions<P extends Piece> {
  /** The number of the first part to be sent. */
  readonly firstNumber: number;
  readonly budget: PartBudget;
  send(number: number, pieces: readonly P[]): Promise<StoredPart>;
}

/** Small parts go two at a time, which hides the store's answering time. */
const UNDER_WAY = 2 * SMALLEST_PART;

export function createPartWriter<P extends Piece>({ firstNumber, budget, send }: PartWriterOptions<P>): PartWriter<P> {
  const sent: StoredPart[] = [];
  const running = new Set<Promise<void>>();
  let waiting: P[] = [];
  let waitingSize = 0;
  let underWay = 0;
  let number = firstNumber;
  let failure: { readonly error: unknown } | undefined;

  function check() {
    if (failure) throw failure.error;
  }

  /** Cuts off pieces of at least `size` bytes. */
  function cut(size: number): { pieces: P[]; size: number } {
    let taken = 0;
    let count = 0;
    while (taken < size && count < waiting.length) taken += waiting[count++]!.bytes.length;
    const pieces = waiting.slice(0, count);
    waiting = waiting.slice(count);
    waitingSize -= taken;
    return { pieces, size: taken };
  }

  async function dispatch(atLeast: number): Promise<void> {
    const { pieces, size } = cut(atLeast);
    const mine = number++;
    underWay += size;
    await budget.enter(size);
    const one = send(mine, pieces)
      .then(
        (part) => {
          sent[mine - firstNumber] = part;
        },
        (error: unknown) => {
          failure ??= { error };
        },
      )
      .finally(() => {
        for (const piece of pieces) piece.release();
        budget.leave(size);
        underWay -= size;
        running.delete(one);
      });
    running.add(one);
    while (underWay >= UNDER_WAY && running.size > 0 && !failure) await Promise.race(running);
    check();
  }

  return {
    add(piece) {
      // Before anything can throw: what is waiting is given back in the end.
      waiting.push(piece);
      waitingSize += piece.bytes.length;
      check();
      const planned = plannedPartSize(number);
      return waitingSize >= planned + SMALLEST_PART ? dispatch(planned) : undefined;
    },
    get rest() {
      return waiting;
    },
    get restSize() {
      return waitingSize;
    },
    get nextNumber() {
      return number;
    },
    flush: () => dispatch(waitingSize),
    async finish() {
      await Promise.all(running);
      check();
      return sent;
    },
    async release() {
      await Promise.all(running);
      for (const piece of waiting) piece.release();
      waiting = [];
      waitingSize = 0;
    },
  };
}
