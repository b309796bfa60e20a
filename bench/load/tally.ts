/** Counts what a load process has done, with its times. */
import type { LoadResult } from './plan.ts';

export interface Tally {
  /** Begins the clock; whatever was prepared before does not count. */
  start(): void;
  done(startedAt: number, bytes: number): void;
  failed(what: string): void;
  result(): LoadResult;
}

export function createTally(): Tally {
  const times: number[] = [];
  let bytes = 0;
  let failed = 0;
  let firstFailure: string | undefined;
  let startedAt = performance.now();
  let endedAt = startedAt;
  return {
    start() {
      startedAt = performance.now();
    },
    done(since, more) {
      endedAt = performance.now();
      times.push(endedAt - since);
      bytes += more;
    },
    failed(what) {
      failed += 1;
      firstFailure ??= what;
    },
    result() {
      times.sort((a, b) => a - b);
      return {
        done: times.length,
        bytes,
        seconds: (endedAt - startedAt) / 1000,
        failed,
        firstFailure,
        medianMs: times[Math.floor(times.length * 0.5)] ?? 0,
        p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
      };
    },
  };
}
