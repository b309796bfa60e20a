/** Walks the tree of object-paths.ts in slices, for the background sweep. Files that are not ours are neither named nor touched. */
import type { Dir } from 'node:fs';
import { opendir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListedObject } from '../../../ports/blob-store.ts';
import { isAbsence, lookForFile } from './file-calls.ts';
import { ALGORITHMS, isLocation, isUploadKey, uploadOf } from './object-paths.ts';
import { storageFailure } from './storage-failure.ts';

const SLICE = 256;

/** See BlobStore.listObjects. Of a directory only a slice of names is held at a time; of days there are few. */
export async function* listObjects(directory: string, now: () => number): AsyncGenerator<readonly ListedObject[]> {
  try {
    yield* walk(directory, now);
  } catch (error) {
    throw storageFailure(error);
  }
}

async function* walk(directory: string, now: () => number): AsyncGenerator<readonly ListedObject[]> {
  yield* listDirectory(join(directory, 'uploads'), (name) => (isUploadKey(name) ? name : undefined), now);
  for (const algorithm of ALGORITHMS) {
    const days = await readdir(join(directory, algorithm)).catch(ifAbsent<string[]>([]));
    for (const day of days.sort()) {
      const toName = (file: string) => {
        const location = `${algorithm}/${day}/${file}`;
        return isLocation(location) ? location : undefined;
      };
      yield* listDirectory(join(directory, algorithm, day), toName, now);
    }
  }
}

async function* listDirectory(
  path: string,
  toName: (file: string) => string | undefined,
  now: () => number,
): AsyncGenerator<readonly ListedObject[]> {
  const entries = await opendir(path, { bufferSize: SLICE }).catch(ifAbsent<Dir | undefined>(undefined));
  if (!entries) return;
  let slice: ListedObject[] = [];
  // Leaving the loop, also by an error or by the consumer's return, closes the directory.
  for await (const entry of entries) {
    const name = entry.isFile() ? toName(entry.name) : undefined;
    const look = name && (await lookForFile(join(path, entry.name)));
    if (!name || !look) continue;
    // ctime is the later of the last write and the rename.
    slice.push({ name, upload: uploadOf(name), ageMs: Math.max(0, now() - Number(look.ctimeMs)) });
    if (slice.length < SLICE) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

function ifAbsent<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isAbsence(error)) return instead;
    throw error;
  };
}
