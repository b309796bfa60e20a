/**
 * Gives a successor the bytes of an upload in a file of its own, because a process that only stood still may go on writing to the old one.
 *
 * Why that is enough: whoever works on an upload leaves alone what was acknowledged before it began. It writes, and cuts off, only behind
 * that offset, and nobody but the holder of the claim can move the offset in the row; so the first `offset` bytes of the old file stay as they are, under
 * the upload's key or, when the old holder had just committed it, under its final name. The old holder can no longer record anything: each of its
 * writes to the row asks whether it still holds the claim. So what it does to its own file, late, is seen by nobody.
 */
import { constants, copyFile } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type OpenUpload, UploadLost } from '../../../ports/blob-store.ts';
import { closeFile, isAbsence, lookAtFile, openFile, removeFile, syncFile, truncateFile } from './file-calls.ts';
import { uploadPath } from './object-paths.ts';
import type { StoreContext } from './store-context.ts';
import { findCommitted } from './take-back-upload.ts';

/** The system copies, or shares the blocks where the file system can. */
const copy: (from: string, to: string, flags: number) => Promise<void> = promisify(copyFile);

/** The old file may be renamed between a look at one of its two names and at the other, and back once more. */
const LOOKS = 4;

/** See BlobStore.takeOver; throws file system errors as they are. */
export async function takeOverUpload(
  store: StoreContext,
  upload: OpenUpload,
  offset: number,
  newKey: string,
): Promise<OpenUpload> {
  if (offset === 0) return { key: newKey, state: '' };
  const to = uploadPath(store.directory, newKey);
  try {
    if (!(await copyFromEither(store, upload.key, to))) throw new UploadLost('The upload has no bytes any more.');
    const fd = await openFile(to, constants.O_RDWR);
    try {
      if ((await lookAtFile(fd)).size < offset) {
        throw new UploadLost('The upload has fewer bytes than were acknowledged.');
      }
      await truncateFile(fd, offset);
      await syncFile(fd);
    } finally {
      await closeFile(fd);
    }
  } catch (error) {
    await removeFile(to).catch(() => {});
    throw error;
  }
  await store.directories.sync(join(store.directory, 'uploads'));
  return { key: newKey, state: upload.state };
}

async function copyFromEither(store: StoreContext, key: string, to: string): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    const from = look % 2 === 0 ? uploadPath(store.directory, key) : (await findCommitted(store, key))?.path;
    if (from === undefined) continue;
    try {
      await copy(from, to, constants.COPYFILE_FICLONE);
      return true;
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
  }
  return false;
}
