/** Accounts and their root access keys. A secret is kept sealed, because checking a signature needs it as it is. */
import { randomInt } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type AccessKeyPair, newAccessKey } from '../../lib/new-access-key.ts';
import { seal, unseal } from '../../lib/seal.ts';
import type { MetadataTx } from '../../ports/metadata.ts';
import type { Ports } from '../../ports/ports.ts';
import type { AccountRecord } from '../../ports/records.ts';
import type { Work } from '../../ports/work.ts';
import { type Caller, rootCaller } from '../caller.ts';

type AccountPorts = Pick<Ports, 'metadata' | 'keys' | 'clock'>;

export interface AccessKey {
  readonly caller: Caller;
  readonly secretAccessKey: string;
}

export interface RootKey extends AccessKeyPair {
  readonly accountId: string;
}

/** Finds whose access key it is; undefined for nobody's. At once when it was found before and nothing has changed since. */
export type FindAccessKey = (accessKeyId: string) => AccessKey | undefined | Promise<AccessKey | undefined>;

const rememberedKeys = 10_000;

/** One for a process: it remembers the keys it found, until the database tells of a change. */
export function createFindAccessKey({ metadata, keys }: Pick<Ports, 'metadata' | 'keys'>): FindAccessKey {
  const known = new LRUCache<string, AccessKey>({ max: rememberedKeys });
  let version = 0;
  metadata.onChange((change) => {
    if (change.kind !== 'everything') return;
    version += 1;
    known.clear();
  });

  async function look(accessKeyId: string): Promise<AccessKey | undefined> {
    const versionBeforeRead = version;
    const record = await metadata.read((tx) => tx.accounts.findAccessKey(accessKeyId));
    if (record === undefined) return undefined;
    const secretAccessKey = unseal(keys.seal, record.sealedSecret, accessKeyId);
    // Sealed by another installation: its key file was not brought along.
    if (secretAccessKey === undefined) return undefined;
    const found = { caller: rootCaller(record.accountId, accessKeyId), secretAccessKey };
    if (version === versionBeforeRead) known.set(accessKeyId, found);
    return found;
  }

  return (accessKeyId) => {
    const refreshing = metadata.refresh();
    if (refreshing !== undefined) return refreshing.then(() => known.get(accessKeyId) ?? look(accessKeyId));
    return known.get(accessKeyId) ?? look(accessKeyId);
  };
}

/** Makes an account with a root key; with a random number when none is asked for. Answers undefined when it exists. */
export async function createAccount(
  { metadata, keys, clock }: AccountPorts,
  { accountId }: { readonly accountId?: string | undefined } = {},
): Promise<RootKey | undefined> {
  const key = { accountId: accountId ?? randomAccountId(), ...newAccessKey() };
  const added = await metadata.write(function* (tx) {
    if (!(yield* tx.accounts.add({ accountId: key.accountId, createdAt: clock.now() }))) return false;
    yield* putRootKey(tx, keys, key, clock.now());
    return true;
  });
  if (added) return key;
  return accountId === undefined ? createAccount({ metadata, keys, clock }) : undefined;
}

export function listAccounts({ metadata }: Pick<Ports, 'metadata'>): Promise<AccountRecord[]> {
  return metadata.read((tx) => tx.accounts.list());
}

/** Deletes the account with its keys, unless it has repositories. */
export function deleteAccount(
  { metadata }: Pick<Ports, 'metadata'>,
  accountId: string,
): Promise<'deleted' | 'absent' | 'has-repositories'> {
  return metadata.write(function* (tx) {
    // Found, it is locked: nobody gives it a repository while we look.
    if ((yield* tx.accounts.find(accountId)) === undefined) return 'absent';
    if (yield* tx.accounts.hasRepositories(accountId)) return 'has-repositories';
    return (yield* tx.accounts.delete(accountId)) ? 'deleted' : 'absent';
  });
}

/** Keeps the key sealed. */
export function* putRootKey(tx: MetadataTx, keys: Ports['keys'], key: RootKey, createdAt: number): Work<void> {
  const sealedSecret = seal(keys.seal, key.secretAccessKey, key.accessKeyId);
  yield* tx.accounts.putAccessKey({ accessKeyId: key.accessKeyId, accountId: key.accountId, sealedSecret, createdAt });
}

function randomAccountId(): string {
  return String(randomInt(100_000_000_000, 1_000_000_000_000));
}
