/** Joins what backup, restore and move need beyond the stores of a server. */
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openBackupDirectory } from './adapters/backup/backup-directory.ts';
import { readSecretFiles, writeSecretFile } from './adapters/backup/secret-files.ts';
import { locationOf, newUploadKey } from './adapters/blobs/filesystem/object-paths.ts';
import { lockData } from './adapters/keys/data-lock.ts';
import { openCopyLedger } from './adapters/sql/copy/copy-ledger.ts';
import { copySqlite } from './adapters/sql/copy/copy-sqlite.ts';
import { openDatabaseCopy, openDatabaseDraft } from './adapters/sql/copy/database-copy.ts';
import { placeSqlite, refuseDatabase } from './adapters/sql/copy/place-sqlite.ts';
import { openBlobs, type StorageConfig } from './open-stores.ts';
import type { BackupPlace } from './ports/backup-place.ts';
import type { DatabaseCopy } from './ports/database-copy.ts';
import type { NewInstallation } from './ports/new-installation.ts';

/** See openBackupDirectory. */
export function openBackup(directory: string, options?: { make?: boolean }): Promise<BackupPlace> {
  return openBackupDirectory(directory, options);
}

export { openDatabaseCopy, readSecretFiles };

/** Writes a copy of the database as it is now to `path`, beside whoever works on it. */
export async function copyDatabase(config: StorageConfig, path: string): Promise<DatabaseCopy> {
  copySqlite(databasePath(config), path);
  return openDatabaseCopy(path);
}

/**
 * Opens the place for a restored or moved installation, which nobody may serve meanwhile. Rejects with TargetInUse when there is a
 * database, and with DataInUse.
 */
export async function openNewInstallation(config: StorageConfig): Promise<NewInstallation> {
  const work = join(config.data, 'unfinished-copy');
  const database = databasePath(config);
  refuseDatabase(database);
  const lock = await lockData(config.data);
  const close: (() => unknown)[] = [() => lock.release()];
  const closeAll = async () => {
    for (const end of close.splice(0).reverse()) await end();
  };
  try {
    const blobs = await openBlobs(config);
    close.push(() => blobs.close());
    await mkdir(work, { recursive: true, mode: 0o700 });
    const ledger = openCopyLedger(join(work, 'copied.sqlite'), describeBlobs(config));
    close.push(() => ledger.close());
    const draftPath = join(work, 'database.sqlite');
    return {
      blobs,
      ledger,
      placeOfNothing: (digest) => locationOf(newUploadKey(Date.now()), digest),
      async draft(write) {
        for (const ending of ['', '-wal', '-shm', '-journal']) await rm(draftPath + ending, { force: true });
        await write(draftPath);
        return openDatabaseDraft(draftPath);
      },
      addSecretFile: (file) => writeSecretFile(config.data, file),
      async keep(draft) {
        draft.close();
        placeSqlite(draftPath, database);
        close.push(() => rm(work, { recursive: true, force: true }));
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function databasePath(config: StorageConfig): string {
  return join(config.data, 'longshore.db');
}

/** Which blob store it is, in words that stay the same from run to run. */
function describeBlobs(config: StorageConfig): string {
  return config.blobs === undefined
    ? resolve(config.data)
    : `s3://${config.blobs.bucket}/${config.blobs.prefix} at ${config.s3Endpoint ?? 'AWS'}`;
}
