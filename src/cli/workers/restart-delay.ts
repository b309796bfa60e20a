/** When a worker that ended unasked is started again: at once after a long life, later and later when it keeps ending. */

const FIRST_MS = 100;
const LONGEST_MS = 30_000;
/** A life this long was no failure to start. */
const LONG_LIFE_MS = 60_000;

export interface Lives {
  /** Short lives in a row. */
  readonly short: number;
  readonly delayMs: number;
}

export const noLives: Lives = { short: 0, delayMs: 0 };

export function afterLife(before: Lives, lifeMs: number): Lives {
  const short = lifeMs >= LONG_LIFE_MS ? 1 : before.short + 1;
  return { short, delayMs: Math.min(LONGEST_MS, FIRST_MS * 2 ** (short - 1)) };
}
