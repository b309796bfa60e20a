/** What /metrics tells of requests: by edge, operation and status. Kept in plain maps because every request passes here. */
import { createLatencyHistogram, type LatencyHistogram, observeLatency } from '../../lib/latency-histogram.ts';

export interface RequestCount {
  readonly edge: string;
  readonly operation: string;
  readonly status: number;
  readonly latency: LatencyHistogram;
  bytesIn: number;
  bytesOut: number;
}

export interface RequestCounts {
  add(
    request: { edge: string; operation: string; bytesIn: number; bytesOut: number },
    status: number,
    seconds: number,
  ): void;
  all(): RequestCount[];
}

export function createRequestCounts(): RequestCounts {
  const byOperation = new Map<string, Map<string, Map<number, RequestCount>>>();
  return {
    add({ edge, operation, bytesIn, bytesOut }, status, seconds) {
      const byStatus = entry(
        entry(byOperation, edge, newMap<string, Map<number, RequestCount>>),
        operation,
        newMap<number, RequestCount>,
      );
      let count = byStatus.get(status);
      if (count === undefined) {
        count = { edge, operation, status, latency: createLatencyHistogram(), bytesIn: 0, bytesOut: 0 };
        byStatus.set(status, count);
      }
      observeLatency(count.latency, seconds);
      count.bytesIn += bytesIn;
      count.bytesOut += bytesOut;
    },
    all: () =>
      [...byOperation.values()].flatMap((edge) => [...edge.values()].flatMap((operation) => [...operation.values()])),
  };
}

function newMap<K, V>(): Map<K, V> {
  return new Map();
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
