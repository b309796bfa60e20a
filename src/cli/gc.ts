/** `longshore gc`: what garbage collection would remove, or collects now. Works beside running servers, and without any. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { startCollectingHere } from '../app/collect-here.ts';
import { refuseNothing } from '../app/open-safekeeping.ts';
import { openStores } from '../app/open-stores.ts';
import { serverOf } from '../app/prepare-data.ts';
import { storageSettings } from '../config/storage-settings.ts';
import type { Config } from '../config.ts';
import type { Ports } from '../ports/ports.ts';
import type { JobRecord } from '../ports/records.ts';
import { jobKinds } from '../services/ecr/job-kinds.ts';
import { type CollectProgress, rateOf, rowsOf } from '../services/ecr/layers/collect-progress.ts';
import { type CollectionPlan, type PlannedRepository, planCollection } from '../services/ecr/layers/plan-collection.ts';
import { counted } from './counted.ts';
import { sizeText, timeText } from './progress.ts';
import { addSettingOptions, configOf } from './setting-options.ts';
import { startStatusLine } from './status-line.ts';
import { UsageError } from './usage-error.ts';

/** Every attempt has failed; the message says why. */
class CollectionGivenUp extends Error {
  override readonly name = 'CollectionGivenUp';
}

/** Servers look for jobs about every 2 s. They are asked first, because they know their own grace period. */
const patienceMs = 6000;
const lookEveryMs = 200;
const urgent = 100;

export function gcCommand(program: Command): void {
  const command = program
    .command('gc')
    .description(
      'Remove layers that no image needs any more, now instead of at the next collect-interval, or say what would go. Servers go on serving.',
    )
    .option('--dry-run', 'Remove nothing; print what would go, by repository, and how many bytes that frees.')
    .option('--now', 'Collect now: by a server where one runs, else here. Follows a collection that runs already.')
    .option('--json', 'Print JSON.');
  addSettingOptions(command, [...storageSettings, 'layerGracePeriod', 'collectRate']);
  command.action(async (options: { dryRun?: boolean; now?: boolean; json?: boolean }, called: Command) => {
    if (options.dryRun === options.now)
      throw new UsageError('Say --dry-run to see what would go, or --now to collect.');
    const config = await configOf(called);
    await refuseNothing(config, 'collect');
    const { ports, close } = await openStores(config);
    try {
      if (options.dryRun) {
        const plan = await planCollection({ ...ports, settings: { layerGracePeriodMs: config.layerGracePeriod } });
        process.stdout.write(options.json ? `${JSON.stringify(plan, null, 2)}\n` : planText(plan));
      } else {
        const progress = await collectNow(ports, config);
        process.stdout.write(options.json ? `${JSON.stringify(resultOf(progress), null, 2)}\n` : resultText(progress));
      }
    } finally {
      await close();
    }
  });
}

/** Resolves when a collection has run to its end. Rejects with CollectionGivenUp. */
async function collectNow(ports: Ports, config: Config): Promise<CollectProgress | undefined> {
  const job = await ports.metadata.write(function* (tx) {
    const active = yield* tx.jobs.findActive(jobKinds.collectLayers, '');
    if (active?.state === 'running') return active;
    return yield* tx.jobs.add({ kind: jobKinds.collectLayers, subject: '', priority: urgent });
  });
  const mayBeServed = config.database !== undefined || (await serverOf(config)) !== undefined;
  const here = new AbortController();
  const collecting = sleep(mayBeServed ? patienceMs : 0, undefined, { signal: here.signal }).then(
    () => startCollectingHere(ports, config),
    () => undefined,
  );
  try {
    return await follow(ports, job);
  } finally {
    here.abort();
    await (await collecting)?.stop();
  }
}

async function follow({ metadata }: Ports, { id }: JobRecord): Promise<CollectProgress | undefined> {
  const line = startStatusLine();
  let last: JobRecord | undefined;
  try {
    for (;;) {
      const job = await metadata.read((tx) => tx.jobs.find(id));
      // Ended, and so long ago that its row is gone: nothing else removes one.
      if (job === undefined) return last?.progress as CollectProgress | undefined;
      last = job;
      if (job.state === 'done') return job.progress as CollectProgress | undefined;
      if (job.state === 'given-up')
        throw new CollectionGivenUp(`Collecting failed: ${job.error}. \`longshore jobs show ${id}\` tells more.`);
      line.show(() => statusText(job));
      await sleep(lookEveryMs);
    }
  } finally {
    line.clear();
  }
}

function statusText({ state, progress, error }: JobRecord): string {
  const failed = error === undefined ? '' : ` (the last attempt failed: ${error})`;
  if (progress === undefined) return `Collecting: ${state}${failed}`;
  const so = progress as CollectProgress;
  const { perSecond, secondsLeft } = rateOf(so);
  const left = secondsLeft === undefined ? '?' : timeText(secondsLeft);
  const percent = so.total === 0 ? 100 : Math.floor((100 * rowsOf(so)) / so.total);
  return `Collecting: ${rowsOf(so)} of ${so.total} or more (${percent} %), ${Math.round(perSecond)}/s, ${left} left, ${sizeText(so.bytes)} freed${failed}`;
}

function resultOf(progress: CollectProgress | undefined) {
  const { images = 0, layers = 0, blobs = 0, bytes = 0 } = progress ?? {};
  return { images, layers, objects: blobs, bytesFreed: bytes };
}

function resultText(progress: CollectProgress | undefined): string {
  const { images, layers, objects, bytesFreed } = resultOf(progress);
  if (images + layers + objects === 0) return 'There was nothing to collect.\n';
  return `Removed ${counted(images, 'image')} of deleted repositories, ${counted(layers, 'layer')} and ${counted(objects, 'object')}; ${sizeText(bytesFreed)} freed.\n`;
}

function planText({ repositories, unshown, bytes }: CollectionPlan): string {
  const lines = repositories.map(repositoryText);
  if (unshown.layers > 0) {
    lines.push(`${counted(unshown.layers, 'layer')} of no repository: ${sizeText(unshown.bytes)}`);
  }
  if (lines.length === 0) return 'There is nothing to collect.\n';
  return `${lines.join('\n')}\n${sizeText(bytes)} would be freed.\n`;
}

function repositoryText(repository: PlannedRepository): string {
  const { accountId, region, repositoryName, deleted, images, layers, bytes } = repository;
  const what = deleted ? `${counted(images, 'image')}, ${counted(layers, 'layer')}` : counted(layers, 'layer');
  return `${accountId}/${region}/${repositoryName}${deleted ? ' (deleted)' : ''}: ${what}, ${sizeText(bytes)}`;
}
