/** The small files with secrets in a data directory: keys and root access keys. Whoever has a backup of them can be anybody. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SecretFile, TargetInUse } from '../../ports/new-installation.ts';
import { isAbsence, namesIn, syncPath, writeDurably } from './durable-files.ts';

const SECRET = /^(?:keys|root-access-key-\d{12})\.json$/;

/** Those in the directory; none with keys that come from the setting `secret`. */
export async function readSecretFiles(directory: string): Promise<SecretFile[]> {
  const names = (await namesIn(directory)).filter((name) => SECRET.test(name));
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(join(directory, name), 'utf8') })));
}

/** Writes one. Rejects with TargetInUse when another is there, and throws a TypeError for a name that is none of theirs. */
export async function writeSecretFile(directory: string, { name, text }: SecretFile): Promise<void> {
  if (!SECRET.test(name)) throw new TypeError('Not a file of keys.');
  const path = join(directory, name);
  const present = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isAbsence(error)) return undefined;
    throw error;
  });
  if (present === text) return;
  if (present !== undefined) {
    throw new TargetInUse(
      `${path} is there already, with other keys. Choose an empty data directory with --data, or move that file away.`,
    );
  }
  await writeDurably(path, directory, [Buffer.from(text)]);
  await syncPath(directory);
}
