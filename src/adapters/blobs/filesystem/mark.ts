/** The file that says whose store this is. An operator reads it with `cat`. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobStoreUnavailable } from '../../../ports/blob-store.ts';
import { closeFile, isAbsence, openFile, removeFile, renameFile, syncFile, writeFully } from './file-calls.ts';
import { MARK } from './object-paths.ts';
import type { StoreContext } from './store-context.ts';

/** See BlobStore.readMark; throws file system errors as they are. */
export async function readMark(directory: string): Promise<string | undefined> {
  try {
    return (await readFile(join(directory, MARK), 'utf8')).trim();
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** See BlobStore.leaveMark; throws file system errors as they are. */
export async function leaveMark({ directory, directories }: StoreContext, mark: string): Promise<string> {
  const present = await readMark(directory);
  if (present !== undefined) return present;
  // Renamed when it is whole: half a mark would keep its own installation out.
  const temporary = join(directory, `${MARK}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    const fd = await openFile(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      await writeFully(fd, Buffer.from(`${mark}\n`), 0);
      await syncFile(fd);
    } finally {
      await closeFile(fd);
    }
    await renameFile(temporary, join(directory, MARK));
  } catch (error) {
    await removeFile(temporary);
    throw error;
  }
  await directories.sync(directory);
  const left = await readMark(directory);
  if (left === undefined) throw new BlobStoreUnavailable('The blob store does not keep what is written to it.');
  return left;
}
