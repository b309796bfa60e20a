/** `longshore backup`: a whole and consistent copy while servers go on, in a directory that keeps several at the price of one. */
import type { Command } from 'commander';
import { copyDatabase, openBackup, openDatabaseCopy, refuseNothing, secretFilesOf } from '../app/open-safekeeping.ts';
import { openStores } from '../app/open-stores.ts';
import { BadValue } from '../config/setting.ts';
import { storageSettings } from '../config/storage-settings.ts';
import { integer } from '../config/value-kinds.ts';
import type { Config } from '../config.ts';
import type { BackupPlace, Snapshot } from '../ports/backup-place.ts';
import { backUp } from '../services/safekeeping/back-up.ts';
import { thinOut } from '../services/safekeeping/thin-out.ts';
import { version } from '../version.ts';
import { counted } from './counted.ts';
import { type Progress, sizeText, startProgress } from './progress.ts';
import { addSettingOptions, configOf } from './setting-options.ts';
import { UsageError } from './usage-error.ts';

interface BackupOptions {
  readonly keep: string;
  readonly verify?: boolean;
  readonly list?: boolean;
  readonly json?: boolean;
}

export function backupCommand(program: Command): void {
  const command = program
    .command('backup <directory>')
    .description(
      'Copy database, layers and keys to a directory, consistently and beside running servers; only what it has not got yet.',
    )
    .option('--keep <number>', 'How many snapshots stay; older ones are removed with the layers only they name.', '7')
    .option('--verify', 'Read again what the backup has, and copy anew what is damaged there.')
    .option('--list', 'Print the snapshots that are there, and do nothing.')
    .option('--json', 'Print JSON.');
  addSettingOptions(command, [...storageSettings, 'accountId']).action(
    async (directory: string, options: BackupOptions, called: Command) => {
      const keep = checkedKeep(options.keep);
      const config = await configOf(called);
      if (!options.list) await refuseNothing(config, 'back up');
      const place = await openBackup(directory, { make: options.list !== true });
      try {
        if (options.list) process.stdout.write(listText(await place.listSnapshots(), options.json === true));
        else await takeBackup(config, place, { ...options, keep });
      } finally {
        await place.close();
      }
    },
  );
}

interface Sums {
  readonly snapshot: Snapshot;
  readonly copied: { layers: number; bytes: number };
  readonly removed: { readonly snapshots: readonly string[]; readonly layers: number };
}

async function takeBackup(
  config: Config,
  place: BackupPlace,
  { verify = false, json = false, keep }: { verify?: boolean; json?: boolean; keep: number },
): Promise<void> {
  const { ports, close } = await openStores(config);
  try {
    const secretFiles = await secretFilesOf(config, ports);
    let progress: Progress | undefined;
    let snapshot: Snapshot | undefined;
    const copied = { layers: 0, bytes: 0 };
    const steps = backUp(ports, place, {
      async copyDatabase(path) {
        await copyDatabase(config, path);
        return openDatabaseCopy(path);
      },
      secretFiles,
      verify,
      longshore: version,
    });
    for await (const step of steps) {
      if (step.step === 'database') {
        if (progress !== undefined)
          process.stderr.write('Layers were collected meanwhile: the snapshot is taken again.\n');
        progress?.end();
        progress = startProgress('Copying layers', step.bytes);
      } else if (step.step === 'layer') {
        if (step.outcome === 'copied') {
          copied.layers++;
          copied.bytes += step.bytes;
        }
        progress?.advance(step.bytes);
      } else snapshot = step.snapshot;
    }
    progress?.end();
    if (snapshot === undefined) return;
    const sums: Sums = { snapshot, copied, removed: await thinOut(place, keep, openDatabaseCopy) };
    process.stdout.write(
      json
        ? `${JSON.stringify(jsonOf(sums))}\n`
        : textOf(
            sums,
            secretFiles.some(({ name }) => name === 'keys.json'),
          ),
    );
    // A backup was made, but of an installation that is not whole: whoever runs this at night must hear of it.
    if (snapshot.manifest.lost.length > 0) process.exitCode = 1;
  } finally {
    await close();
  }
}

function jsonOf({ snapshot: { name, manifest }, copied, removed }: Sums) {
  const { layers, bytes, lost } = manifest;
  return { snapshot: name, layers, bytes, copied, lost, removed };
}

function textOf({ snapshot: { name, manifest }, copied, removed }: Sums, withKeys: boolean): string {
  const { layers, bytes, lost } = manifest;
  const lines = [
    `Snapshot ${name}: ${counted(layers, 'layer')} (${sizeText(bytes)}), of which ${counted(copied.layers, 'layer')} (${sizeText(copied.bytes)}) had to be copied.`,
    withKeys
      ? 'The keys are in it: keep the backup as safe as the data directory.'
      : 'The keys are not in it, since they come from the setting `secret`: keep that apart from the backup.',
  ];
  if (removed.snapshots.length > 0)
    lines.push(`Removed ${counted(removed.snapshots.length, 'old snapshot')} and ${counted(removed.layers, 'layer')}.`);
  for (const digest of lost) lines.push(`LOST ${digest}: damaged or missing where it is stored, so not in the backup.`);
  if (lost.length > 0) lines.push('The next push of a lost layer heals it.');
  return `${lines.join('\n')}\n`;
}

function listText(snapshots: readonly Snapshot[], json: boolean): string {
  if (json) {
    const rows = snapshots.map(({ name, manifest: { takenAt, longshore, layers, bytes, lost } }) => ({
      snapshot: name,
      takenAt,
      longshore,
      layers,
      bytes,
      lost,
    }));
    return `${JSON.stringify(rows, null, 2)}\n`;
  }
  return snapshots
    .map(({ name, manifest: { layers, bytes, lost, longshore } }) => {
      const missing = lost.length === 0 ? '' : `  ${lost.length} lost`;
      return `${name}  ${counted(layers, 'layer')}  ${sizeText(bytes)}  Longshore ${longshore}${missing}\n`;
    })
    .join('');
}

function checkedKeep(text: string): number {
  try {
    return integer({ min: 1, max: 10_000 }).parse(text);
  } catch (error) {
    if (error instanceof BadValue) throw new UsageError(`--keep ${error.message}.`);
    throw error;
  }
}
