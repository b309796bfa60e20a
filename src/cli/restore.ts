/** `longshore restore`: an installation out of a backup, every layer compared with its digest on the way. */
import { copyFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { keysIn, openBackup, openDatabaseCopy, openNewInstallation } from '../app/open-safekeeping.ts';
import { storageSettings } from '../config/storage-settings.ts';
import type { Config } from '../config.ts';
import { type BackupPlace, BackupUnavailable, type Snapshot } from '../ports/backup-place.ts';
import { systemClock } from '../ports/clock.ts';
import { checkSnapshot } from '../services/safekeeping/check-snapshot.ts';
import { restoreSnapshot } from '../services/safekeeping/restore-snapshot.ts';
import { counted } from './counted.ts';
import { programName } from './first-steps.ts';
import { sizeText, startProgress } from './progress.ts';
import { addSettingOptions, configOf } from './setting-options.ts';
import { shellQuote } from './shell-quote.ts';
import { UsageError } from './usage-error.ts';

interface RestoreOptions {
  readonly snapshot?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function restoreCommand(program: Command): void {
  const command = program
    .command('restore <directory>')
    .description(
      'Bring an installation back from a backup into an empty data directory (or empty stores); compares every layer with its digest.',
    )
    .option('--snapshot <name>', 'The snapshot, as `longshore backup --list` names it; the newest when left out.')
    .option('--dry-run', 'Only read the backup and say whether it is whole.')
    .option('--json', 'Print JSON.');
  addSettingOptions(command, storageSettings).action(
    async (directory: string, { snapshot: name, dryRun, json = false }: RestoreOptions, called: Command) => {
      const config = await configOf(called);
      const place = await openBackup(directory);
      try {
        const snapshot = await findSnapshot(place, name);
        const sums = dryRun ? await check(place, snapshot) : await restore(config, place, snapshot);
        process.stdout.write(
          json ? `${JSON.stringify({ snapshot: snapshot.name, ...sums })}\n` : textOf(snapshot, sums),
        );
        if (!json && !dryRun) process.stdout.write(nextSteps(config));
        if (sums.lost.length > 0) process.exitCode = 1;
      } finally {
        await place.close();
      }
    },
  );
}

interface Sums {
  readonly layers: number;
  readonly bytes: number;
  /** Digests of layers of which there is no whole copy. */
  readonly lost: string[];
}

async function findSnapshot(place: BackupPlace, name: string | undefined): Promise<Snapshot> {
  const all = await place.listSnapshots();
  const found = name === undefined ? all.at(-1) : all.find((snapshot) => snapshot.name === name);
  if (found === undefined) {
    if (name !== undefined)
      throw new UsageError(`There is no snapshot ${name}. \`longshore backup --list\` prints all.`);
    throw new BackupUnavailable(
      'The backup holds no complete snapshot: no `longshore backup` ever came to its end there.',
    );
  }
  const damaged = await place.verifySnapshot(found);
  if (damaged.length > 0) {
    const older = all.filter((snapshot) => snapshot !== found).map((snapshot) => snapshot.name);
    throw new BackupUnavailable(
      `The snapshot ${found.name} is damaged (${damaged.join(', ')}). ${older.length === 0 ? 'There is no other one.' : `Choose another one with --snapshot: ${older.join(', ')}.`}`,
    );
  }
  return found;
}

async function check(place: BackupPlace, snapshot: Snapshot): Promise<Sums> {
  const copy = openDatabaseCopy(place.databaseOf(snapshot));
  try {
    const sums = { ...copy.sums(), lost: [] as string[] };
    const progress = startProgress('Reading layers', sums.bytes);
    for await (const { digest, bytes, whole } of checkSnapshot(place, copy)) {
      if (!whole) sums.lost.push(digest);
      progress.advance(bytes);
    }
    progress.end();
    return sums;
  } finally {
    copy.close();
  }
}

async function restore(config: Config, place: BackupPlace, snapshot: Snapshot): Promise<Sums> {
  const to = await openNewInstallation(config);
  try {
    let sums: Sums = { layers: 0, bytes: 0, lost: [] };
    let progress = startProgress('Restoring layers', 0);
    for await (const step of restoreSnapshot(place, snapshot, to, { clock: systemClock, copyFile, keysIn })) {
      if (step.step === 'layers') {
        sums = { layers: step.layers, bytes: step.bytes, lost: [] };
        progress = startProgress('Restoring layers', step.bytes);
      } else if (step.step === 'layer') {
        if (step.outcome === 'lost') sums.lost.push(step.digest);
        progress.advance(step.bytes);
      }
    }
    progress.end();
    return sums;
  } finally {
    await to.close();
  }
}

function textOf({ name }: Snapshot, { layers, bytes, lost }: Sums): string {
  const whole = `Snapshot ${name}: ${counted(layers, 'layer')} (${sizeText(bytes)})`;
  if (lost.length === 0) return `${whole}, all with their digests.\n`;
  const lines = lost.map((digest) => `LOST ${digest}: there is no whole copy of it in the backup.\n`);
  return `${whole}, ${counted(lost.length, 'layer')} lost.\n${lines.join('')}The next push of a lost layer heals it.\n`;
}

function nextSteps(config: Config): string {
  const program = programName();
  const data = config.data === './longshore-data' ? '' : ` --data ${shellQuote(config.data)}`;
  return `Restored. Next: \`${program} doctor${data}\`, then \`${program} serve${data}\` with the settings of the old installation.\n`;
}
