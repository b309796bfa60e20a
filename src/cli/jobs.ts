/** `longshore jobs`: what work is queued, runs, failed or was given up and why; lets what was given up run again. */
import type { Command } from 'commander';
import { refuseNothing } from '../app/open-safekeeping.ts';
import { openStores } from '../app/open-stores.ts';
import { storageSettings } from '../config/storage-settings.ts';
import type { Ports } from '../ports/ports.ts';
import type { JobRecord, JobState } from '../ports/records.ts';
import { sizeText } from './progress.ts';
import { addSettingOptions, configOf } from './setting-options.ts';
import { UsageError } from './usage-error.ts';

/** The command was understood and cannot be carried out; the message says why. */
class JobRefused extends Error {
  override readonly name = 'JobRefused';
}

interface ListOptions {
  readonly givenUp?: boolean;
  readonly limit: string;
  readonly json?: boolean;
}

export function jobsCommand(program: Command): void {
  const jobs = program
    .command('jobs')
    .description('Show work that runs without a request: garbage collection, scrub and the like.');

  addSettingOptions(
    jobs
      .command('list', { isDefault: true })
      .description('Print the newest jobs first (this is what `longshore jobs` alone does).')
      .option('--given-up', 'Only those that failed so often that they are not tried again.')
      .option('--limit <number>', 'How many at most.', '50')
      .option('--json', 'Print JSON.'),
    storageSettings,
  ).action(async ({ givenUp, limit, json }: ListOptions, called: Command) => {
    const page = { limit: limitOf(limit), ...(givenUp && { state: 'given-up' as const }) };
    const found = await withMetadata(called, (metadata) => metadata.read((tx) => tx.jobs.list(page)));
    process.stdout.write(json ? `${JSON.stringify(found.map(shown), null, 2)}\n` : listText(found));
  });

  addSettingOptions(
    jobs.command('show <id>').description('Print all that is known of a job.').option('--json', 'Print JSON.'),
    storageSettings,
  ).action(async (text: string, { json }: { json?: boolean }, called: Command) => {
    const id = idOf(text);
    const job = await withMetadata(called, (metadata) => metadata.read((tx) => tx.jobs.find(id)));
    if (job === undefined) throw unknownJob(id);
    process.stdout.write(json ? `${JSON.stringify(shown(job), null, 2)}\n` : jobText(job));
  });

  addSettingOptions(
    jobs.command('retry <id>').description('Let a job that was given up run again, by whichever server comes first.'),
    storageSettings,
  ).action(async (text: string, _options: unknown, called: Command) => {
    const id = idOf(text);
    await withMetadata(called, async (metadata) => {
      if ((await metadata.write((tx) => tx.jobs.retry(id))) !== undefined) return;
      const job = await metadata.read((tx) => tx.jobs.find(id));
      if (job === undefined) throw unknownJob(id);
      throw new JobRefused(`Job ${id} was not given up: it is ${job.state}.`);
    });
  });
}

async function withMetadata<T>(called: Command, work: (metadata: Ports['metadata']) => Promise<T>): Promise<T> {
  const config = await configOf(called);
  await refuseNothing(config, 'show');
  const { ports, close } = await openStores(config);
  try {
    return await work(ports.metadata);
  } finally {
    await close();
  }
}

function unknownJob(id: number): JobRefused {
  return new JobRefused(
    `There is no job ${id}, or it was done more than a week ago. \`longshore jobs\` prints those there are.`,
  );
}

/** As JSON has it: times in words, nothing where there is nothing. */
function shown(job: JobRecord) {
  const { dueAt, createdAt, updatedAt, heldUntil, holder, ...rest } = job;
  return {
    ...rest,
    ...(job.state === 'waiting' && { dueAt: timeOf(dueAt) }),
    ...(job.state === 'running' && { holder, heldUntil: timeOf(heldUntil) }),
    createdAt: timeOf(createdAt),
    updatedAt: timeOf(updatedAt),
  };
}

const heads = ['ID', 'KIND', 'STATE', 'ATTEMPTS', 'LAST CHANGE', 'WHAT CAME OF IT'];

function listText(jobs: readonly JobRecord[]): string {
  if (jobs.length === 0) return 'There are no such jobs.\n';
  const rows = [heads, ...jobs.map(rowOf)];
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function rowOf(job: JobRecord): string[] {
  const { id, kind, subject, state, attempts, updatedAt, error, progress } = job;
  return [
    String(id),
    subject === '' ? kind : `${kind} ${subject}`,
    stateText(state),
    String(attempts),
    timeOf(updatedAt),
    error ?? progressText(progress),
  ];
}

function jobText(job: JobRecord): string {
  const { progress, payload, error, ...rest } = shown(job);
  const lines = { ...rest, payload: payload && JSON.stringify(payload), progress: progressText(progress), error };
  return Object.entries(lines)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name.padEnd(10)} ${value}\n`)
    .join('');
}

/** `layers 3, bytes 1.0 KiB` */
function progressText(progress: unknown): string {
  if (typeof progress !== 'object' || progress === null) return '';
  return Object.entries(progress)
    .map(([name, value]) => `${name} ${name === 'bytes' ? sizeText(Number(value)) : value}`)
    .join(', ');
}

const stateText = (state: JobState): string => (state === 'given-up' ? 'given up' : state);

const timeOf = (ms: number): string => new Date(ms).toISOString();

function idOf(text: string): number {
  const id = Number(text);
  if (!/^[0-9]{1,15}$/.test(text)) throw new UsageError(`The id of a job is a number, not "${text}".`);
  return id;
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (!/^[0-9]{1,6}$/.test(text) || limit === 0)
    throw new UsageError(`--limit must be a number from 1, not "${text}".`);
  return limit;
}
