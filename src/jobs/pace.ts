/** How slices of background work are spaced, so that requests keep the machine. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface PaceOptions {
  /** Pause after each slice as a multiple of the time in which it was in the way of others: 1 leaves them half of the time. */
  readonly pauseRatio: number;
  /** Most units (rows, bytes) a second; 0 for no limit. */
  readonly ratePerSecond: number;
}

export interface Slice {
  readonly busyMs: number;
  /** From its begin to its end. */
  readonly tookMs: number;
  readonly units: number;
}

/** How long to pause after a slice. */
export function pauseAfter({ pauseRatio, ratePerSecond }: PaceOptions, { busyMs, tookMs, units }: Slice): number {
  const byRate = ratePerSecond === 0 ? 0 : (1000 * units) / ratePerSecond - tookMs;
  return Math.max(busyMs * pauseRatio, byRate, 0);
}

/** Waits, but not longer than until `signal` is aborted. Never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
