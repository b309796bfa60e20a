/** The keys of an installation in one file of its data directory. Whoever can read it can be anybody: mode 0600. */
import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
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
 * Reads the keys, or makes them at first start. Rejects with KeyFileProblem when the file is broken, and when it is missing beside
 * `database`: new keys could not open the access keys that are sealed in there.
 */
export async function openKeys(dataDirectory: string, { database }: { database?: string } = {}): Promise<Keys> {
  await makePrivateDirectory(dataDirectory);
  const path = join(dataDirectory, NAME);
  const text = (await readPrivateFile(path)) ?? (await makeKeyFile(path, database));
  return parseKeys(text, path);
}

async function makeKeyFile(path: string, database: string | undefined): Promise<string> {
  if (database !== undefined && (await exists(database)) && (await readPrivateFile(path)) === undefined) {
    throw new KeyFileProblem(
      `${path} is missing, but its database is there. Bring the file back from a backup: without it nobody's access key can be checked.`,
    );
  }
  const keys = Object.fromEntries(NAMES.map((name) => [name, randomBytes(KEY_BYTES).toString('base64')]));
  return createPrivateFile(path, `${JSON.stringify({ version: 1, ...keys }, null, 2)}\n`);
}

function parseKeys(text: string, path: string): Keys {
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

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
