/** Joins what backup, restore and move need beyond the stores of a server. */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openBackupDirectory } from '../adapters/backup/backup-directory.ts';
import { readSecretFiles, writeSecretFile } from '../adapters/backup/secret-files.ts';
import { locationOf, newUploadKey } from '../adapters/blobs/filesystem/object-paths.ts';
import { newLocation } from '../adapters/blobs/s3/object-names.ts';
import { type DataLock, lockData } from '../adapters/keys/data-lock.ts';
import { deriveKeys } from '../adapters/keys/derive-keys.ts';
import { parseKeys } from '../adapters/keys/key-file.ts';
import { rootKeyFile } from '../adapters/keys/root-access-key.ts';
import { openCopyLedger } from '../adapters/sql/copy/copy-ledger.ts';
import { copySqlite } from '../adapters/sql/copy/copy-sqlite.ts';
import { openDatabaseDraft } from '../adapters/sql/copy/database-copy.ts';
import { placeSqlite, refuseDatabase } from '../adapters/sql/copy/place-sqlite.ts';
import type { PostgresPlace } from '../adapters/sql/copy/postgres-copies.ts';
import type { Config } from '../config.ts';
import type { BackupPlace } from '../ports/backup-place.ts';
import type { Keys } from '../ports/keys.ts';
import type { NewInstallation, SecretFile } from '../ports/new-installation.ts';
import type { Ports } from '../ports/ports.ts';
import { rootKeyOf } from '../services/iam/root-key.ts';
import { certificates, openBlobs, type StorageConfig } from './open-stores.ts';

export { openDatabaseCopy } from '../adapters/sql/copy/database-copy.ts';

/** See openBackupDirectory. */
export function openBackup(directory: string, options?: { make?: boolean }): Promise<BackupPlace> {
  return openBackupDirectory(directory, options);
}

/** Writes a copy of the database as it is now to a new file at `path`, beside whoever works on it. */
export async function copyDatabase(config: StorageConfig, path: string): Promise<void> {
  if (config.database === undefined) return copySqlite(databasePath(config), path);
  const { copyPostgres } = await import('../adapters/sql/copy/postgres-copies.ts');
  return copyPostgres(await postgresOf(config, config.database), path);
}

/** There is no installation where the settings say; the message says what to do. */
export class NothingThere extends Error {
  override readonly name = 'NothingThere';
}

/** Rejects with NothingThere, where opening would make a new installation of a typing mistake. */
export async function refuseNothing(config: StorageConfig, what: string): Promise<void> {
  if (config.database !== undefined) return;
  const path = databasePath(config);
  if (await stat(path).catch(() => undefined)) return;
  throw new NothingThere(`There is nothing to ${what}: ${path} is not there. Name the data directory with --data.`);
}

/**
 * The small files that belong to an installation. PostgreSQL keeps root keys, SQLite a file beside it: that of the default account is
 * written down in any case, so that it stays the same wherever this goes.
 */
export async function secretFilesOf(
  config: StorageConfig & Pick<Config, 'accountId'>,
  ports: Pick<Ports, 'metadata' | 'keys'>,
): Promise<SecretFile[]> {
  const files = await readSecretFiles(config.data);
  if (config.database === undefined) return files;
  const root = await rootKeyOf(ports, config.accountId);
  return root === undefined ? files : [...files.filter(({ name }) => name === 'keys.json'), rootKeyFile(root)];
}

/** The keys among the files of a data directory. Throws KeyFileProblem. */
export function keysIn(files: readonly SecretFile[]): Keys | undefined {
  const file = files.find(({ name }) => name === 'keys.json');
  return file && parseKeys(file.text, file.name);
}

/** Keeps servers away from the data directory until it is released. Rejects with DataInUse. */
export function lockInstallation({ data }: Pick<StorageConfig, 'data'>): Promise<DataLock> {
  return lockData(data);
}

/** What the nodes call themselves that serve a PostgreSQL database now. */
export async function servingNodes(config: StorageConfig): Promise<string[]> {
  if (config.database === undefined) return [];
  const { nodesOfPostgres } = await import('../adapters/sql/copy/postgres-copies.ts');
  return nodesOfPostgres(await postgresOf(config, config.database));
}

/**
 * Opens the place for a restored or moved installation. Rejects with TargetInUse when there is a database, and with DataInUse; with
 * `locked` the caller has locked the data directory.
 */
export async function openNewInstallation(config: StorageConfig, { locked = false } = {}): Promise<NewInstallation> {
  const database = await newDatabase(config);
  await database.refuseUsed();
  const work = join(config.data, 'unfinished-copy');
  const close: (() => unknown)[] = [];
  const closeAll = async () => {
    for (const end of close.splice(0).reverse()) await end();
  };
  try {
    if (!locked) {
      const lock = await lockData(config.data);
      close.push(() => lock.release());
    }
    const blobs = await openBlobs(config);
    close.push(() => blobs.close());
    await mkdir(work, { recursive: true, mode: 0o700 });
    const ledger = openCopyLedger(join(work, 'copied.sqlite'), nameOfBlobs(config));
    close.push(() => ledger.close());
    const draftPath = join(work, 'database.sqlite');
    return {
      blobs,
      ledger,
      keys: config.secret === undefined ? undefined : deriveKeys(config.secret),
      placeOfNothing: (digest) => {
        const key = newUploadKey(Date.now());
        return config.blobs === undefined ? locationOf(key, digest) : newLocation(key);
      },
      async draft(write) {
        for (const ending of ['', '-wal', '-shm', '-journal']) await rm(draftPath + ending, { force: true });
        await write(draftPath);
        return openDatabaseDraft(draftPath);
      },
      async addSecretFile(file) {
        // Keys that are derived need no file, and PostgreSQL keeps the root keys.
        const needed = file.name === 'keys.json' ? config.secret === undefined : config.database === undefined;
        if (needed) await writeSecretFile(config.data, file);
      },
      async keep(draft) {
        draft.close();
        await database.fill(draftPath);
        ledger.close();
        close.splice(close.length - 1);
        await rm(work, { recursive: true, force: true });
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** The database that a draft becomes. */
interface NewDatabase {
  /** Rejects with TargetInUse. */
  refuseUsed(): Promise<void>;
  /** Makes the draft the database: wholly or not at all. */
  fill(draft: string): Promise<void>;
}

async function newDatabase(config: StorageConfig): Promise<NewDatabase> {
  if (config.database === undefined) {
    const path = databasePath(config);
    return { refuseUsed: async () => refuseDatabase(path), fill: async (draft) => placeSqlite(draft, path) };
  }
  const { fillPostgres, refuseUsedPostgres } = await import('../adapters/sql/copy/postgres-copies.ts');
  const place = await postgresOf(config, config.database);
  return { refuseUsed: () => refuseUsedPostgres(place), fill: (draft) => fillPostgres(draft, place) };
}

async function postgresOf(config: StorageConfig, url: string): Promise<PostgresPlace> {
  return { url, ...(await certificates('databaseCa', config.databaseCa)) };
}

function databasePath(config: StorageConfig): string {
  return join(config.data, 'longshore.db');
}

/** Which blob store it is, in words that stay the same from run to run. */
export function nameOfBlobs(config: StorageConfig): string {
  return config.blobs === undefined
    ? resolve(config.data)
    : `s3://${config.blobs.bucket}/${config.blobs.prefix} at ${config.s3Endpoint ?? 'AWS'}`;
}
