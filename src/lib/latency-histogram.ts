/** Counts how long something took, cheaply enough for every request: a few additions into an array, rendered when scraped. */

/** Upper bounds in seconds, from a manifest out of the cache to a layer of many gigabytes. */
export const LATENCY_BOUNDS: readonly number[] = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];

export interface LatencyHistogram {
  count: number;
  sumSeconds: number;
  /** How many fell into each bucket alone; the last one is beyond all bounds. */
  readonly buckets: Float64Array;
}

export function createLatencyHistogram(): LatencyHistogram {
  return { count: 0, sumSeconds: 0, buckets: new Float64Array(LATENCY_BOUNDS.length + 1) };
}

export function observeLatency(histogram: LatencyHistogram, seconds: number): void {
  histogram.count++;
  histogram.sumSeconds += seconds;
  let bucket = 0;
  while (bucket < LATENCY_BOUNDS.length && seconds > LATENCY_BOUNDS[bucket]!) bucket++;
  histogram.buckets[bucket]!++;
}
