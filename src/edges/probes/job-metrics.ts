/** What /metrics tells of work without a request. */
import type { JobStatistics } from '../../ports/job-store.ts';

export interface JobMetricSources {
  /** Of the whole cluster. */
  readonly statistics: () => Promise<readonly JobStatistics[]>;
  readonly damagedLayers: () => Promise<number>;
  /** How far the scrub that runs has got, from 0 to 1; undefined when none does. */
  readonly scrubRatio: () => Promise<number | undefined>;
  /** Of this process. */
  readonly outcomes: () => Iterable<{ readonly kind: string; readonly outcome: string; readonly count: number }>;
  readonly counts: {
    readonly collectedImages: number;
    readonly collectedLayers: number;
    readonly collectedObjects: number;
    readonly collectedBytes: number;
    readonly sweptObjects: number;
    readonly expiredUploads: number;
    readonly scrubbedLayers: number;
    readonly scrubbedBytes: number;
    readonly scrubFoundDamaged: number;
  };
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface JobMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly collect: () => Sample[] | Promise<Sample[]>;
  /** What is asked of the database is the same in every process; what a process counts is summed. */
  readonly aggregator: 'sum' | 'max';
}

export function jobMetrics({ statistics, damagedLayers, scrubRatio, outcomes, counts }: JobMetricSources): JobMetric[] {
  const gauge = (name: string, help: string, collect: JobMetric['collect']): JobMetric => {
    return { name, type: 'gauge', help, collect, aggregator: 'max' };
  };
  const counter = (name: string, help: string, collect: JobMetric['collect']): JobMetric => {
    return { name, type: 'counter', help, collect, aggregator: 'sum' };
  };
  const one = (value: number): Sample[] => [{ labels: {}, value }];
  return [
    gauge('longshore_jobs', 'Jobs of the cluster that are not done, by kind and state.', async () =>
      (await statistics()).map(({ kind, state, count }) => ({ labels: { kind, state }, value: count })),
    ),
    gauge(
      'longshore_jobs_oldest_due_seconds',
      'For how long the oldest job of a kind has waited since it could have been begun.',
      async () =>
        (await statistics())
          .filter(({ state }) => state === 'waiting')
          .map(({ kind, oldestDueMs }) => ({ labels: { kind }, value: oldestDueMs / 1000 })),
    ),
    counter('longshore_job_attempts_total', 'Attempts of jobs by what came of them.', () =>
      [...outcomes()].map(({ kind, outcome, count }) => ({ labels: { kind, outcome }, value: count })),
    ),
    counter('longshore_collected_total', 'What garbage collection has removed.', () => [
      { labels: { what: 'images' }, value: counts.collectedImages },
      { labels: { what: 'layers' }, value: counts.collectedLayers },
      { labels: { what: 'objects' }, value: counts.collectedObjects },
    ]),
    counter('longshore_collected_bytes_total', 'Bytes that garbage collection has freed.', () =>
      one(counts.collectedBytes),
    ),
    counter('longshore_swept_objects_total', 'Stored objects that no row knew and that were removed.', () =>
      one(counts.sweptObjects),
    ),
    counter('longshore_expired_uploads_total', 'Abandoned uploads that were removed.', () =>
      one(counts.expiredUploads),
    ),
    counter('longshore_scrubbed_layers_total', 'Stored layers that were read again by the scrub.', () =>
      one(counts.scrubbedLayers),
    ),
    counter('longshore_scrubbed_bytes_total', 'Bytes that were read again by the scrub.', () =>
      one(counts.scrubbedBytes),
    ),
    counter('longshore_scrub_found_damaged_total', 'Layers that the scrub found damaged or gone.', () =>
      one(counts.scrubFoundDamaged),
    ),
    gauge('longshore_scrub_ratio', 'How far the scrub that runs has got, from 0 to 1.', async () => {
      const ratio = await scrubRatio();
      return ratio === undefined ? [] : one(ratio);
    }),
    gauge(
      'longshore_damaged_layers',
      'Stored layers known to be damaged or gone: absent for everybody until they are pushed again.',
      async () => one(await damagedLayers()),
    ),
  ];
}
