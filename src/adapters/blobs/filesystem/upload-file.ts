/** The file of an open upload: opened at its acknowledged end, and brought back to it after a failure. */
import { constants } from 'node:fs';
import { UploadLost } from '../../../ports/blob-store.ts';
import { closeFile, isAbsence, lookAtFile, openFile, removeFile, truncateFile } from './file-calls.ts';
import { uploadPath } from './object-paths.ts';
import type { StoreContext } from './store-context.ts';
import { takeBackUpload } from './take-back-upload.ts';

/**
 * Opens the file and cuts off what lies behind `offset`: bytes that nobody was promised. Throws UploadLost when it has fewer
 * bytes than that. At offset 0 the file need not exist; its name is then still to be made durable.
 */
export async function openUploadFile(store: StoreContext, key: string, offset: number): Promise<number> {
  const path = uploadPath(store.directory, key);
  if (offset === 0) return openFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC, 0o600);
  const fd = await openFile(path, constants.O_RDWR).catch(async (error: unknown) => {
    if (!isAbsence(error)) throw error;
    if (await takeBackUpload(store, key)) return openFile(path, constants.O_RDWR);
    throw new UploadLost('The upload has no bytes any more.', { cause: error });
  });
  try {
    const { size } = await lookAtFile(fd);
    if (size < offset) throw new UploadLost('The upload has fewer bytes than were acknowledged.');
    if (size > offset) await truncateFile(fd, offset);
    return fd;
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
}

/**
 * Takes back what a failed append wrote, so that it leaves nothing over (a full disk needs the room). Needs not succeed: what
 * stays is cut off by the next append or commit.
 */
export async function cutBack(directory: string, key: string, fd: number, offset: number): Promise<void> {
  await truncateFile(fd, offset).catch(() => {});
  if (offset === 0) await removeFile(uploadPath(directory, key)).catch(() => {});
}
