/**
 * The file calls that the store uses, on plain descriptors: node's FileHandle costs about twice as much per call,
 * and small pushes are made of such calls. What writes here writes everything or throws.
 */
import * as fs from 'node:fs';
import { promisify } from 'node:util';

export const openFile: (path: string, flags: number, mode?: number) => Promise<number> = promisify(fs.open);
export const closeFile: (fd: number) => Promise<void> = promisify(fs.close);
export const syncFile: (fd: number) => Promise<void> = promisify(fs.fsync);
export const syncFileData: (fd: number) => Promise<void> = promisify(fs.fdatasync);
export const truncateFile: (fd: number, length: number) => Promise<void> = promisify(fs.ftruncate);
export const renameFile: (from: string, to: string) => Promise<void> = promisify(fs.rename);
export const makeDirectory: (path: string, mode: number) => Promise<void> = promisify(fs.mkdir);

const unlink: (path: string) => Promise<void> = promisify(fs.unlink);
const statPath = promisify(fs.stat);
const statFd = promisify(fs.fstat);
const readFd = promisify(fs.read);
const writeFd = promisify(fs.write);
const writevFd = promisify(fs.writev);

/** Nanoseconds matter to fingerprints, hence bigint. */
export function lookAtFile(file: string | number): Promise<fs.BigIntStats> {
  return typeof file === 'number' ? statFd(file, { bigint: true }) : statPath(file, { bigint: true });
}

/** Like `lookAtFile`; undefined when nothing is there. */
export async function lookForFile(path: string): Promise<fs.BigIntStats | undefined> {
  try {
    return await lookAtFile(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/**
 * The same without leaving the thread: the one synchronous call here. It takes a few microseconds of a file system that holds its
 * inodes in memory, where the way through the thread pool takes ten times as much CPU, and every HEAD of a blob asks it.
 */
export function lookForFileNow(path: string): fs.BigIntStats | undefined {
  return fs.statSync(path, { bigint: true, throwIfNoEntry: false });
}

/** Removes a file; one that is not there is fine. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

/** Fills `target` from `position` on, as far as the file goes; answers how many bytes were read. */
export async function readFully(fd: number, target: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await readFd(fd, target, done, target.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

export async function writeFully(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    done += (await writeFd(fd, bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** Writes all of `chunks` one behind the other: in one call, unless the system takes less. */
export async function writeAllFully(fd: number, chunks: readonly Uint8Array[], position: number): Promise<void> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (total === 0) return;
  const { bytesWritten } = await writevFd(fd, chunks, position);
  if (bytesWritten < total) {
    await writeFully(fd, Buffer.concat(chunks).subarray(bytesWritten), position + bytesWritten);
  }
}

export function isAbsence(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
