/** How long the calls of a store take, by name, for /metrics. */
import { createLatencyHistogram, type LatencyHistogram, observeLatency } from './latency-histogram.ts';

export interface OperationTimings {
  /** Times a promise from now until it settles, and hands it through. */
  time<T>(operation: string, result: Promise<T>): Promise<T>;
  all(): ReadonlyMap<string, LatencyHistogram>;
  failures(): ReadonlyMap<string, number>;
}

export function createOperationTimings(): OperationTimings {
  const timings = new Map<string, LatencyHistogram>();
  const failures = new Map<string, number>();
  function observe(operation: string, startedAt: number): void {
    let histogram = timings.get(operation);
    if (histogram === undefined) {
      histogram = createLatencyHistogram();
      timings.set(operation, histogram);
    }
    observeLatency(histogram, (performance.now() - startedAt) / 1000);
  }
  return {
    async time(operation, result) {
      const startedAt = performance.now();
      try {
        return await result;
      } catch (error) {
        failures.set(operation, (failures.get(operation) ?? 0) + 1);
        throw error;
      } finally {
        observe(operation, startedAt);
      }
    },
    all: () => timings,
    failures: () => failures,
  };
}
