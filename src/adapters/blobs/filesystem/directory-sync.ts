/**
 * Makes directory entries durable. A file's fsync says nothing about its name: only the directory's does (fsync(2)). One sync
 * serves everybody whose rename was done before it began, so that many small pushes share few syncs.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, makeDirectory, syncFile } from './file-calls.ts';

export interface DirectorySync {
  /** Resolves when every change made in the directory before this call is durable. */
  sync(directory: string): Promise<void>;
  /**
   * Resolves when the directory is there and its entry in the parent durable: done once per process for each, also for one
   * that exists, since whoever made it may have crashed before its sync.
   */
  ensure(directory: string): Promise<void>;
  /** The directory may have gone: the next `ensure` looks again. */
  doubt(directory: string): void;
}

/** `syncNow` is what reaches the disk; tests hand in their own. */
export function createDirectorySync(syncNow: (directory: string) => Promise<void> = syncDirectory): DirectorySync {
  /** The sync that has not begun yet, which newcomers join, per directory; and the one that runs. */
  const waiting = new Map<string, Promise<void>>();
  const running = new Map<string, Promise<void>>();
  /** One entry per day on which this process stored something. */
  const ensured = new Map<string, Promise<void>>();

  function sync(directory: string): Promise<void> {
    const joined = waiting.get(directory);
    if (joined) return joined;
    const before = running.get(directory) ?? Promise.resolve();
    const mine = before
      .catch(() => {})
      .then(() => {
        waiting.delete(directory);
        running.set(directory, mine);
        return syncNow(directory);
      })
      .finally(() => {
        if (running.get(directory) === mine) running.delete(directory);
      });
    waiting.set(directory, mine);
    return mine;
  }

  function ensure(directory: string): Promise<void> {
    const known = ensured.get(directory);
    if (known) return known;
    const made = make(directory).catch((error: unknown) => {
      ensured.delete(directory);
      throw error;
    });
    ensured.set(directory, made);
    return made;
  }

  async function make(directory: string) {
    try {
      await makeDirectory(directory, 0o700);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    await sync(dirname(directory));
  }

  return { sync, ensure, doubt: (directory) => void ensured.delete(directory) };
}

async function syncDirectory(directory: string): Promise<void> {
  // Windows has no such call; NTFS journals its names.
  if (process.platform === 'win32') return;
  // Opening a directory in use touches no disk, hence the cheaper synchronous calls.
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await syncFile(fd);
  } finally {
    closeSync(fd);
  }
}
