/** The root key of an account: the oldest it has. That of the default account is fixed by settings or made at first start. */
import { type AccessKeyPair, newAccessKey } from '../../lib/new-access-key.ts';
import { unseal } from '../../lib/seal.ts';
import type { Ports } from '../../ports/ports.ts';
import type { AccessKeyRecord } from '../../ports/records.ts';
import { putRootKey, type RootKey } from './accounts.ts';

type RootKeyPorts = Pick<Ports, 'metadata' | 'keys' | 'clock'>;

export async function rootKeyOf(
  { metadata, keys }: Pick<Ports, 'metadata' | 'keys'>,
  accountId: string,
): Promise<RootKey | undefined> {
  const [record] = await metadata.read((tx) => tx.accounts.listAccessKeys(accountId));
  return opened(keys, record);
}

/**
 * The root key as the database knows it, so the same on every node: the one that settings fix, else the one that is there, else a new one.
 * Brings the account into being. Of nodes that start at the same time, one makes the key.
 */
export async function openRootKey(
  ports: RootKeyPorts,
  accountId: string,
  fixed: AccessKeyPair | undefined,
): Promise<RootKey> {
  if (fixed !== undefined) {
    const key = { accountId, ...fixed };
    await ensureRootAccount(ports, key);
    return key;
  }
  const { metadata, keys, clock } = ports;
  const found = await rootKeyOf(ports, accountId);
  if (found !== undefined) return found;
  const made = { accountId, ...newAccessKey() };
  return metadata.write(function* (tx) {
    yield* tx.accounts.add({ accountId, createdAt: clock.now() });
    // Found, the account is locked: whoever comes second waits here and sees the key of the first.
    yield* tx.accounts.find(accountId);
    const [record] = yield* tx.accounts.listAccessKeys(accountId);
    const meanwhile = opened(keys, record);
    if (meanwhile !== undefined) return meanwhile;
    yield* putRootKey(tx, keys, made, clock.now());
    return made;
  });
}

/**
 * Brings the account and this root key into being; writes nothing when they are there. Other keys of the account end: whoever fixes
 * a new key by settings means the old one to open nothing any more.
 */
export async function ensureRootAccount({ metadata, keys, clock }: RootKeyPorts, key: RootKey): Promise<void> {
  const isThere = await metadata.read(function* (tx) {
    const [record, ...others] = yield* tx.accounts.listAccessKeys(key.accountId);
    return others.length === 0 && isSame(opened(keys, record), key);
  });
  if (isThere) return;
  await metadata.write(function* (tx) {
    yield* tx.accounts.add({ accountId: key.accountId, createdAt: clock.now() });
    yield* tx.accounts.find(key.accountId);
    for (const old of yield* tx.accounts.listAccessKeys(key.accountId)) {
      yield* tx.accounts.deleteAccessKey(old.accessKeyId);
    }
    yield* putRootKey(tx, keys, key, clock.now());
  });
}

/** Undefined also when it was sealed with other keys. */
function opened(keys: Ports['keys'], record: AccessKeyRecord | undefined): RootKey | undefined {
  if (record === undefined) return undefined;
  const { accountId, accessKeyId, sealedSecret } = record;
  const secretAccessKey = unseal(keys.seal, sealedSecret, accessKeyId);
  return secretAccessKey === undefined ? undefined : { accountId, accessKeyId, secretAccessKey };
}

function isSame(one: RootKey | undefined, other: RootKey): boolean {
  return one?.accessKeyId === other.accessKeyId && one.secretAccessKey === other.secretAccessKey;
}
