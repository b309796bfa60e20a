/** The keys of an installation in one file of its data directory. Whoever can read it can be anybody: mode 0600. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Keys } from '../../ports/keys.ts';
import { createPrivateFile, makePrivateDirectory, readPrivateFile } from './private-file.ts';

const NAME = 'keys.json';
const KEY_BYTES = 32;
const NAMES = ['dockerToken', 'pageToken', 'seal'] as const satisfies readonly (keyof Keys)[];

/** The keys cannot be used; the message says what to do. */
export class KeyFileProblem extends Error {
  override readonly name = 'KeyFileProblem';
}

/**
 * Reads the keys, or makes them at first start. Rejects with KeyFileProblem when the file is broken, and when it is missing although
 * there is something already that was made with the old ones (`madeBefore` says what): new keys could not open the access keys in there.
 */
export async function openKeys(
  dataDirectory: string,
  { madeBefore = async () => undefined }: { madeBefore?: () => Promise<string | undefined> } = {},
): Promise<Keys> {
  await makePrivateDirectory(dataDirectory);
  const path = join(dataDirectory, NAME);
  const text = (await readPrivateFile(path)) ?? (await makeKeyFile(path, madeBefore));
  return parseKeys(text, path);
}

async function makeKeyFile(path: string, madeBefore: () => Promise<string | undefined>): Promise<string> {
  const made = await madeBefore();
  if (made !== undefined) {
    // Of two first starts at once, the other one may have made it meanwhile.
    const text = await readPrivateFile(path);
    if (text !== undefined) return text;
    throw new KeyFileProblem(`${path} is missing, but ${made}`);
  }
  const keys = Object.fromEntries(NAMES.map((name) => [name, randomBytes(KEY_BYTES).toString('base64')]));
  return createPrivateFile(path, `${JSON.stringify({ version: 1, ...keys }, null, 2)}\n`);
}

/** The keys in the text of the file; `path` is for messages. Throws KeyFileProblem. */
export function parseKeys(text: string, path: string): Keys {
  let file: Record<string, unknown>;
  try {
    file = Object(JSON.parse(text));
  } catch {
    throw new KeyFileProblem(`${path} is not JSON. Bring it back from a backup.`);
  }
  if (file.version !== 1)
    throw new KeyFileProblem(`${path} has version ${String(file.version)}; this Longshore knows version 1.`);
  const key = (name: (typeof NAMES)[number]): Uint8Array => {
    const bytes = Buffer.from(String(file[name]), 'base64');
    if (bytes.length !== KEY_BYTES)
      throw new KeyFileProblem(
        `The key ${name} in ${path} is not ${KEY_BYTES} bytes. Bring the file back from a backup.`,
      );
    return bytes;
  };
  return { dockerToken: key('dockerToken'), pageToken: key('pageToken'), seal: key('seal') };
}
