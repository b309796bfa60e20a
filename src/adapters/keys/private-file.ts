/** Small files with secrets: mode 0600, written so that neither a crash nor a power cut leaves half of one. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The text of the file, or undefined when it is not there. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes the file unless another process was faster. Answers the text that is in it now. */
export async function createPrivateFile(path: string, text: string): Promise<string> {
  const temporary = await writeTemporary(path, text);
  try {
    // Unlike a rename, a link never replaces what is there: of two first starts at once, both go on with the same secrets.
    await link(temporary, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(temporary);
  }
  await syncDirectory(dirname(path));
  return readFile(path, 'utf8');
}

/** Writes the file, whether it is there or not. */
export async function replacePrivateFile(path: string, text: string): Promise<void> {
  const temporary = await writeTemporary(path, text);
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

/** Makes the directory with mode 0700, durably, when it is not there. */
export async function makePrivateDirectory(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  for (let directory = path; ; directory = dirname(directory)) {
    await syncDirectory(dirname(directory));
    if (directory === made || directory === dirname(directory)) return;
  }
}

async function writeTemporary(path: string, text: string): Promise<string> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open directories; its file system keeps names in a journal.
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
