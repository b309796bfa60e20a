/**
 * A backup in a directory:
 *
 *     longshore-backup.json          says that it is one
 *     lock                           held while somebody works on it
 *     layers/<algorithm>/<ab>/<hex>  every layer of every snapshot, once
 *     snapshots/<time>/              database.sqlite, manifest.json and the files with secrets
 *     unfinished/                    what is not whole yet; emptied at the next beginning
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type BackupPlace, BackupUnavailable } from '../../ports/backup-place.ts';
import { backupLayers } from './backup-layers.ts';
import { backupSnapshots } from './backup-snapshots.ts';
import { ensureDirectory, isAbsence, namesIn, removeTree, syncPath, writeDurably } from './durable-files.ts';

const MARK = 'longshore-backup.json';
const SQLITE_BUSY = 5;

/**
 * Opens the backup in the directory, for one process at a time; with `make` a new one where there is nothing. Rejects with
 * BackupUnavailable.
 */
export async function openBackupDirectory(path: string, { make = false } = {}): Promise<BackupPlace> {
  const directory = resolve(path);
  if (!(await isBackup(directory))) {
    if (!make) throw new BackupUnavailable(`There is no backup in ${path}. \`longshore backup ${path}\` makes one.`);
    await makeBackup(directory);
  }
  const lock = takeLock(directory);
  try {
    const staging = join(directory, 'unfinished');
    const snapshots = join(directory, 'snapshots');
    // Nobody else works here: whatever is in there was cut off.
    await removeTree(staging);
    for (const needed of [staging, snapshots, join(directory, 'layers')]) await ensureDirectory(needed);
    for (const name of await namesIn(snapshots)) {
      if (name.startsWith('removing-')) await removeTree(join(snapshots, name));
    }
    const layers = backupLayers(join(directory, 'layers'), staging);
    const { sync, ...layerCalls } = layers;
    return {
      ...layerCalls,
      ...backupSnapshots(snapshots, staging, sync),
      close: async () => lock.close(),
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

async function isBackup(directory: string): Promise<boolean> {
  try {
    const { format } = JSON.parse(await readFile(join(directory, MARK), 'utf8'));
    if (format === 1) return true;
    throw new BackupUnavailable(
      `The backup in ${directory} has format ${String(format)}; this Longshore knows 1. Use a newer Longshore.`,
    );
  } catch (error) {
    if (isAbsence(error)) return false;
    if (error instanceof SyntaxError)
      throw new BackupUnavailable(`${join(directory, MARK)} is not JSON. Choose another directory.`);
    throw error;
  }
}

async function makeBackup(directory: string): Promise<void> {
  await ensureDirectory(directory);
  const [first] = await namesIn(directory);
  if (first !== undefined) {
    throw new BackupUnavailable(
      `${directory} holds something that is no backup (${first}). Choose a directory that is empty or not there yet.`,
    );
  }
  await writeDurably(join(directory, MARK), directory, [Buffer.from('{ "format": 1 }\n')]);
  await syncPath(directory);
}

/** As the lock of a data directory: the system releases it however the process ends. */
function takeLock(directory: string): DatabaseSync {
  const lock = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = memory');
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error;
    throw new BackupUnavailable(`Another process works on the backup in ${directory}. Wait until it has ended.`);
  }
}
