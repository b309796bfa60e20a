/** Files that are whole or not there: written beside their place, synced, and moved there. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Blocks of this size keep the number of system calls low. */
export const BLOCK_BYTES = 512 * 1024;

/** Writes what `chunks` brings to `path` with mode 0600, by way of a name in `staging`. Whoever calls syncs the directory. */
export async function writeDurably(
  path: string,
  staging: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const temporary = join(staging, randomUUID());
  const file = await open(temporary, 'wx', 0o600);
  try {
    try {
      for await (const chunk of chunks) await writeAll(file, chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let from = 0; from < chunk.byteLength; ) from += (await file.write(chunk, from)).bytesWritten;
}

/** Makes the directory, mode 0700, with its parents; durable once the parents are synced, which this does. */
export async function ensureDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncPath(dirname(made));
}

/** Makes what is in the file, or the names in the directory, durable. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function digestOfFile(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  for await (const block of createReadStream(path, { highWaterMark: BLOCK_BYTES })) hash.update(block);
  return hash.digest('hex');
}

/** Size of the file; undefined when there is none. */
export async function sizeOfFile(path: string): Promise<number | undefined> {
  try {
    const look = await stat(path);
    return look.isFile() ? look.size : undefined;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Names in the directory, sorted; none when it is not there. */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

/** Removes the directory with all that is in it, if it is there. */
export function removeTree(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

export function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
