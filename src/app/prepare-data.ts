/** What there must be before anything is served: the data directory in our hands, the database up to date, the default account and its key. */
import { lockData, runningServer, type ServerInfo } from '../adapters/keys/data-lock.ts';
import { openRootAccessKey } from '../adapters/keys/root-access-key.ts';
import type { Config } from '../config.ts';
import type { AccessKeyPair } from '../lib/new-access-key.ts';
import type { Ports } from '../ports/ports.ts';
import type { RootKey } from '../services/iam/accounts.ts';
import { ensureRootAccount, openRootKey } from '../services/iam/root-key.ts';
import { openDatabase, type StorageConfig } from './open-stores.ts';

/** What says which root key the default account has, and where it is kept. */
export type RootKeyConfig = StorageConfig & Pick<Config, 'accountId' | 'rootAccessKeyId' | 'rootSecretAccessKey'>;

export interface PreparedData {
  /** Tells other commands where this server answers. */
  announce(origin: string): Promise<void>;
  /** Lets another server have the data directory. */
  release(): Promise<void>;
}

/**
 * Takes the data directory and makes what is not there. Rejects, with nothing
 * held, with errors whose message says what to do.
 */
export async function prepareData(config: RootKeyConfig): Promise<PreparedData> {
  const lock = await lockData(config.data);
  try {
    const { ports, close } = await openDatabase(config);
    try {
      await ensureDefaultAccount(ports, config);
    } finally {
      await close();
    }
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Brings the default account into being, with its root key. */
export async function ensureDefaultAccount(
  ports: Pick<Ports, 'metadata' | 'keys' | 'clock'>,
  config: RootKeyConfig,
): Promise<void> {
  // In a file beside SQLite, so that it can be printed before the first start; with PostgreSQL no node keeps what others have not.
  if (config.database === undefined) await ensureRootAccount(ports, await rootAccessKeyOf(config));
  else await openRootKey(ports, config.accountId, fixedRootKey(config));
}

/** The root key of the default account; made when it is not there, so before the first start, too. */
export async function rootAccessKeyOf(config: RootKeyConfig): Promise<RootKey> {
  if (config.database === undefined) return openRootAccessKey(config.data, config.accountId, fixedRootKey(config));
  const { ports, close } = await openDatabase(config);
  try {
    return await openRootKey(ports, config.accountId, fixedRootKey(config));
  } finally {
    await close();
  }
}

/** The server that works on this data directory now. */
export function serverOf(config: Pick<Config, 'data'>): Promise<ServerInfo | undefined> {
  return runningServer(config.data);
}

function fixedRootKey({ rootAccessKeyId, rootSecretAccessKey }: RootKeyConfig): AccessKeyPair | undefined {
  return rootAccessKeyId === undefined || rootSecretAccessKey === undefined
    ? undefined
    : { accessKeyId: rootAccessKeyId, secretAccessKey: rootSecretAccessKey };
}
