/** A row of the table: one question, asked of every server that can answer it. */
import type { LoadResult, Plan } from '../load/plan.ts';
import type { Ability, RunningTarget, Target } from '../target.ts';

export interface Sizes {
  /** How long a row of small requests lasts. */
  readonly seconds: number;
  readonly blobBytes: number;
  readonly blobTimes: number;
  /** Images of the repository that is listed: for Longshore, and for peers (which would take hours to fill). */
  readonly images: number;
  readonly peerImages: number;
  /** Images that are put into the database directly. */
  readonly manyImages: number;
  readonly growthBytes: number;
}

export interface Measurement {
  readonly row: string;
  /** Figure of merit in `unit`. Higher is better, except when `lowerIsBetter`. */
  readonly value: number;
  readonly unit: string;
  readonly lowerIsBetter?: boolean;
  /** Server CPU seconds, per GB for bytes and per 1,000 otherwise. */
  readonly cpu?: number;
  readonly p99Ms?: number;
  readonly peakMiB?: number;
  readonly failed?: number;
  readonly note?: string;
}

export interface RowContext {
  readonly target: Target;
  readonly data: string;
  readonly sizes: Sizes;
  /** The running server; another one after `restart`. */
  server(): RunningTarget;
  restart(): Promise<RunningTarget>;
  authorization(): string | undefined;
  /** Runs a load and says what the server spent on it. `per` is what CPU is counted against. */
  measure(row: string, unit: string, plan: Plan, per: 'thousand' | 'gigabyte'): Promise<Measurement>;
  /** Runs a load that is only preparation; throws when anything failed. */
  prepare(plan: Plan): Promise<LoadResult>;
  log(text: string): void;
}

export interface Row {
  /** Begins the name of every measurement it makes; `--rows` picks by it. */
  readonly name: string;
  readonly for: readonly Ability[];
  run(context: RowContext): AsyncGenerator<Measurement>;
}

export const REPOSITORIES = {
  one: 'bench/one',
  tags: 'bench/tags',
  large: 'bench/large',
  list: 'bench/list',
  many: 'bench/many',
  images: Array.from({ length: 16 }, (_, index) => `bench/images-${index}`),
} as const;

export const ALL_REPOSITORIES: readonly string[] = [
  REPOSITORIES.one,
  REPOSITORIES.tags,
  REPOSITORIES.large,
  REPOSITORIES.list,
  REPOSITORIES.many,
  ...REPOSITORIES.images,
];
