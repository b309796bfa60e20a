/** The root access key of the default account: in a file, so that `longshore env` can print it before the first start too. */
import { join } from 'node:path';
import { type AccessKeyPair, newAccessKey } from '../../lib/new-access-key.ts';
import { KeyFileProblem } from './key-file.ts';
import { createPrivateFile, makePrivateDirectory, readPrivateFile, replacePrivateFile } from './private-file.ts';

export interface RootAccessKey extends AccessKeyPair {
  readonly accountId: string;
}

/**
 * The key of the account: the one that settings fix (kept from then on), else the kept one, else a new one. Rejects with
 * KeyFileProblem when the file is broken.
 */
export async function openRootAccessKey(
  dataDirectory: string,
  accountId: string,
  fixed?: AccessKeyPair,
): Promise<RootAccessKey> {
  await makePrivateDirectory(dataDirectory);
  const path = join(dataDirectory, nameOf(accountId));
  const text = await readPrivateFile(path);
  const kept = text === undefined ? undefined : parse(text, path);
  if (fixed !== undefined) {
    const key = { accountId, ...fixed };
    if (kept?.accessKeyId !== key.accessKeyId || kept.secretAccessKey !== key.secretAccessKey)
      await replacePrivateFile(path, print(key));
    return key;
  }
  return kept ?? parse(await createPrivateFile(path, print({ accountId, ...newAccessKey() })), path);
}

/** The key as a file of a data directory. */
export function rootKeyFile(key: RootAccessKey): { readonly name: string; readonly text: string } {
  return { name: nameOf(key.accountId), text: print(key) };
}

function nameOf(accountId: string): string {
  return `root-access-key-${accountId}.json`;
}

function print(key: RootAccessKey): string {
  return `${JSON.stringify({ AccountId: key.accountId, AccessKeyId: key.accessKeyId, SecretAccessKey: key.secretAccessKey }, null, 2)}\n`;
}

function parse(text: string, path: string): RootAccessKey {
  try {
    const { AccountId, AccessKeyId, SecretAccessKey } = JSON.parse(text) as Record<string, unknown>;
    if (typeof AccountId === 'string' && typeof AccessKeyId === 'string' && typeof SecretAccessKey === 'string') {
      return { accountId: AccountId, accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
    }
  } catch {
    // Said below.
  }
  throw new KeyFileProblem(
    `${path} does not hold AccountId, AccessKeyId and SecretAccessKey. Bring it back from a backup, or fix the key with LONGSHORE_ROOT_ACCESS_KEY_ID and LONGSHORE_ROOT_SECRET_ACCESS_KEY.`,
  );
}
