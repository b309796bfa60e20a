/** How many rows one transaction of background work touches: as many as take a few milliseconds here and now. */

export interface SliceSize {
  readonly rows: number;
  /** Tells how long the last transaction took, so that the next is shorter or longer. */
  took(ms: number): void;
  /** How long all transactions together have taken. */
  readonly busyMs: number;
}

/** Neither so few that the commit costs more than the work, nor so many that a stalled disk makes one transaction last seconds. */
const fewest = 32;
const most = 1000;

export function createSliceSize({ targetMs = 3, first = 64 }: { targetMs?: number; first?: number } = {}): SliceSize {
  let rows = first;
  let busyMs = 0;
  return {
    get rows() {
      return rows;
    },
    get busyMs() {
      return busyMs;
    },
    took(ms) {
      busyMs += ms;
      // At most double or half: one slow disk or one fast cache says little of the next.
      const factor = Math.min(2, Math.max(0.5, targetMs / Math.max(ms, 0.01)));
      rows = Math.round(Math.min(most, Math.max(fewest, rows * factor)));
    },
  };
}
