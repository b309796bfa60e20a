/** What /metrics tells Prometheus. The hot paths only add into arrays; names, labels and help are put around them here, at scrape. */
import { setTimeout as sleep } from 'node:timers/promises';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Figure } from '../../lib/figure.ts';
import { LATENCY_BOUNDS, type LatencyHistogram } from '../../lib/latency-histogram.ts';
import type { OperationTimings } from '../../lib/operation-timings.ts';
import type { RequestCounts } from '../http/request-counts.ts';
import { type JobMetricSources, jobMetrics } from './job-metrics.ts';

export interface MetricSources {
  readonly version: string;
  readonly requests: RequestCounts;
  readonly databaseTimings: OperationTimings;
  readonly blobTimings: OperationTimings;
  readonly openUploads: () => Promise<number>;
  readonly connections: () => Promise<number>;
  readonly jobs: JobMetricSources;
  /** What the stores keep of themselves; always the same names. */
  readonly figures: () => readonly Figure[];
}

/** What a process knows, to be summed with what others of the same server know. */
export interface MetricsPart {
  getMetricsAsJSON(): Promise<object[]>;
}

/** How the values of several processes become one. */
type Aggregator = 'sum' | 'first' | 'max';

/** Of the two seconds that a process gets when the metrics of several are summed up. */
const ANSWER_MS = 1000;

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** For the parts of a histogram: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string;
}

/** The registry to scrape. `stop` ends what measures the event loop. */
export function createMetrics(sources: MetricSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const add = (
    name: string,
    type: 'counter' | 'gauge' | 'histogram',
    help: string,
    collect: () => Sample[] | Promise<Sample[]>,
    aggregator: Aggregator = 'sum',
  ) => {
    // prom-client asks a metric for no more than this when it prints; its types want the whole class.
    const metric = { name, get: async () => ({ name, help, type, aggregator, values: await inTime(collect) }) };
    registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);
  };

  add(
    'longshore_build_info',
    'gauge',
    'Version of Longshore and Node.js.',
    () => [{ labels: { version: sources.version, node: process.version }, value: 1 }],
    'first',
  );
  add('longshore_request_duration_seconds', 'histogram', 'From the head of a request to the end of its answer.', () =>
    sources.requests
      .all()
      .flatMap(({ edge, operation, status, latency }) =>
        histogramSamples('longshore_request_duration_seconds', { edge, operation, status }, latency),
      ),
  );
  for (const [direction, field] of [
    ['in', 'bytesIn'],
    ['out', 'bytesOut'],
  ] as const) {
    add(
      `longshore_request_bytes_${direction}_total`,
      'counter',
      `Bytes that requests brought ${direction}, heads included.`,
      () =>
        sources.requests.all().map((count) => ({
          labels: { edge: count.edge, operation: count.operation, status: count.status },
          value: count[field],
        })),
    );
  }
  addTimings('longshore_database', 'database', sources.databaseTimings);
  addTimings('longshore_blob_store', 'blob store', sources.blobTimings);
  // Of the database, so every process says the same.
  add(
    'longshore_open_uploads',
    'gauge',
    'Layer uploads that are begun and not yet complete.',
    async () => [{ labels: {}, value: await sources.openUploads() }],
    'max',
  );
  add('longshore_connections', 'gauge', 'Connections of clients.', async () => [
    { labels: {}, value: await sources.connections() },
  ]);
  for (const { name, type, help, collect, aggregator } of jobMetrics(sources.jobs))
    add(name, type, help, collect, aggregator);
  for (const { name, type, help } of sources.figures()) {
    add(name, type, help, () => [{ labels: {}, value: figureNow(name) }]);
  }
  return registry;

  function figureNow(figure: string): number {
    return sources.figures().find(({ name }) => name === figure)?.value ?? 0;
  }

  function addTimings(prefix: string, what: string, timings: OperationTimings): void {
    const name = `${prefix}_duration_seconds`;
    add(name, 'histogram', `How long calls of the ${what} take.`, () =>
      [...timings.all()].flatMap(([operation, latency]) => histogramSamples(name, { operation }, latency)),
    );
    add(`${prefix}_failures_total`, 'counter', `Calls of the ${what} that failed.`, () =>
      [...timings.failures()].map(([operation, value]) => ({ labels: { operation }, value })),
    );
  }
}

/** A store that says nothing must not silence what tells of it: its own numbers are left out then. */
async function inTime(collect: () => Sample[] | Promise<Sample[]>): Promise<Sample[]> {
  const samples = collect();
  if (Array.isArray(samples)) return samples;
  const end = new AbortController();
  const nothing = sleep(ANSWER_MS, [], { signal: end.signal });
  try {
    return await Promise.race([samples, nothing]);
  } catch {
    return [];
  } finally {
    end.abort();
    nothing.catch(() => undefined);
  }
}

function histogramSamples(
  name: string,
  labels: Sample['labels'],
  { count, sumSeconds, buckets }: LatencyHistogram,
): Sample[] {
  let upTo = 0;
  const samples: Sample[] = LATENCY_BOUNDS.map((bound, index) => {
    upTo += buckets[index]!;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: upTo };
  });
  samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count });
  samples.push({ metricName: `${name}_sum`, labels, value: sumSeconds });
  samples.push({ metricName: `${name}_count`, labels, value: count });
  return samples;
}
