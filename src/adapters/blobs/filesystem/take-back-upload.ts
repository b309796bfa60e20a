/**
 * Takes back the file of an upload that a commit had already given its final name, when the row that should have ended the upload was
 * never written (a crash in between, or a database that took no row). Until that row is written the upload is open, and no
 * row points to the object: so it is still the upload's.
 */
import { opendir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAbsence, lookForFile, renameFile } from './file-calls.ts';
import { placesOf, uploadPath } from './object-paths.ts';
import type { StoreContext } from './store-context.ts';

/**
 * Answers whether there is such a file, which is then, durably, the upload's again. Looks through the names of a day, since nobody remembers
 * the digest: slowly beside other requests, and at most once for each upload and crash.
 */
export async function takeBackUpload(store: StoreContext, key: string): Promise<boolean> {
  const found = await findCommitted(store, key);
  if (!found) return false;
  await renameFile(found.path, uploadPath(store.directory, key));
  await store.directories.sync(join(store.directory, 'uploads'));
  await store.directories.sync(dirname(found.path));
  return true;
}

/** The newest object that was made of the upload. */
export async function findCommitted(
  store: StoreContext,
  key: string,
): Promise<{ readonly path: string; readonly size: bigint } | undefined> {
  const { directories, ending } = placesOf(key);
  let found: { readonly path: string; readonly size: bigint; readonly at: bigint } | undefined;
  for (const directory of directories.map((name) => join(store.directory, name))) {
    for (const path of await filesEndingWith(directory, ending)) {
      const look = await lookForFile(path);
      // An upload that began anew from its first byte may have left an older one, which the sweep removes.
      if (look && (!found || look.ctimeNs > found.at)) found = { path, size: look.size, at: look.ctimeNs };
    }
  }
  return found;
}

async function filesEndingWith(directory: string, ending: string): Promise<string[]> {
  const paths: string[] = [];
  try {
    for await (const { name } of await opendir(directory, { bufferSize: 256 })) {
      if (name.endsWith(ending)) paths.push(join(directory, name));
    }
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
  return paths;
}
