/** Finds what lies in a data directory by its content, whatever it is called there. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Every file below `<data>/blobs` but the mark, which says whose they are. */
export async function listStoredFiles(data: string): Promise<string[]> {
  const entries = await readdir(join(data, 'blobs'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== 'installation')
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Throws Error when no file holds these bytes. */
export async function findStoredFile(data: string, content: { digest: string; size: number }): Promise<string> {
  for (const file of await listStoredFiles(data)) {
    if ((await stat(file)).size !== content.size) continue;
    const hash = createHash('sha256').update(await readFile(file));
    if (`sha256:${hash.digest('hex')}` === content.digest) return file;
  }
  throw new Error(`No stored file holds ${content.digest}.`);
}
