/** How slices of background work are spaced, so that requests keep the machine. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface PaceOptions {
  /** Pause after each slice as a multiple of what the slice took: 1 leaves half of the time to others. */
  readonly pauseRatio: number;
  /** Most units (rows, bytes) a second; 0 for no limit. */
  readonly ratePerSecond: number;
}

/** How long to pause after a slice of `units` that took so long. */
export function pauseAfter({ pauseRatio, ratePerSecond }: PaceOptions, tookMs: number, units: number): number {
  const byRate = ratePerSecond === 0 ? 0 : (1000 * units) / ratePerSecond - tookMs;
  return Math.max(tookMs * pauseRatio, byRate, 0);
}

/** Waits, but not longer than until `signal` is aborted. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
