/** Opens what is kept: SQLite or PostgreSQL, files or an S3-compatible store, as the settings say. Only what is used is loaded. */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveKeys } from './adapters/keys/derive-keys.ts';
import { openKeys } from './adapters/keys/key-file.ts';
import { timedBlobs } from './adapters/timed/timed-blobs.ts';
import { timedMetadata } from './adapters/timed/timed-metadata.ts';
import { settingName } from './config/settings-table.ts';
import type { StorageSetting } from './config/storage-settings.ts';
import { type Config, ConfigError } from './config.ts';
import type { OperationTimings } from './lib/operation-timings.ts';
import type { BlobStore } from './ports/blob-store.ts';
import { type Clock, systemClock } from './ports/clock.ts';
import type { Keys } from './ports/keys.ts';
import type { Metadata } from './ports/metadata.ts';
import type { Ports } from './ports/ports.ts';
import { confirmKeys, keysAreFixed } from './services/iam/same-keys.ts';

export type StorageConfig = Pick<Config, StorageSetting>;

/** Everything that is kept, opened. */
export interface Stores {
  readonly ports: Ports;
  close(): Promise<void>;
}

export interface OpenStoresOptions {
  readonly clock?: Clock;
  /** What people call this process where PostgreSQL lists who uses it. */
  readonly node?: { readonly address: string; readonly version: string } | undefined;
  readonly timings?: { readonly database: OperationTimings; readonly blobs: OperationTimings } | undefined;
}

/**
 * Opens what is kept without serving it; works beside running servers. Makes what is not there yet. Rejects with errors whose
 * message says what to do.
 */
export async function openStores(
  config: StorageConfig,
  { clock = systemClock, node, timings }: OpenStoresOptions = {},
): Promise<Stores> {
  const { metadata, keys } = await openMetadata(config, node);
  try {
    await confirmKeys({ metadata, keys });
    const blobs = await openBlobs(config);
    return {
      ports: {
        clock,
        keys,
        metadata: timings === undefined ? metadata : timedMetadata(metadata, timings.database),
        blobs: timings === undefined ? blobs : timedBlobs(blobs, timings.blobs),
      },
      async close() {
        await blobs.close();
        await metadata.close();
      },
    };
  } catch (error) {
    await metadata.close();
    throw error;
  }
}

async function openMetadata(
  config: StorageConfig,
  node: OpenStoresOptions['node'],
): Promise<{ metadata: Metadata; keys: Keys }> {
  if (config.database !== undefined) return openPostgresMetadata(config, config.database, node);
  const path = join(config.data, 'longshore.db');
  // The keys first: while there is no database, it is sure that nothing is sealed with others.
  const keys = await keysOf(config, async () =>
    (await exists(path))
      ? "its database is there. Bring the file back from a backup: without it nobody's access key can be checked."
      : undefined,
  );
  const { openSqlite } = await import('./adapters/sql/sqlite/open-sqlite.ts');
  return { keys, metadata: await openSqlite({ path }) };
}

async function openPostgresMetadata(
  config: StorageConfig,
  url: string,
  node: OpenStoresOptions['node'],
): Promise<{ metadata: Metadata; keys: Keys }> {
  const { openPostgres } = await import('./adapters/sql/postgres/open-postgres.ts');
  const metadata = await openPostgres({
    url,
    poolSize: config.databasePoolSize,
    statementTimeoutMs: config.databaseStatementTimeout,
    retryTimeMs: config.databaseRetryTime,
    ...(node !== undefined && { node }),
    ...(await certificates('databaseCa', config.databaseCa)),
  });
  try {
    const keys = await keysOf(config, async () =>
      (await keysAreFixed({ metadata }))
        ? 'other nodes have served this database. Give every node the same --secret (LONGSHORE_SECRET), or, without one, a copy of the keys.json of the node that was started first.'
        : undefined,
    );
    return { metadata, keys };
  } catch (error) {
    await metadata.close();
    throw error;
  }
}

export async function openBlobs(config: StorageConfig): Promise<BlobStore> {
  if (config.blobs === undefined) {
    const { openFilesystemBlobs } = await import('./adapters/blobs/filesystem/open-filesystem-blobs.ts');
    return openFilesystemBlobs({ directory: join(config.data, 'blobs') });
  }
  const { openS3Blobs } = await import('./adapters/blobs/s3/open-s3-blobs.ts');
  const { s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey, s3Endpoint: endpoint } = config;
  return openS3Blobs({
    ...config.blobs,
    region: config.s3Region,
    pathStyle: config.s3PathStyle === 'auto' ? endpoint !== undefined : config.s3PathStyle === 'on',
    requestTimeoutMs: config.s3RequestTimeout,
    ...(endpoint !== undefined && { endpoint }),
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
    ...(await certificates('s3Ca', config.s3Ca)),
  });
}

function keysOf(config: StorageConfig, madeBefore: () => Promise<string | undefined>): Promise<Keys> {
  return config.secret === undefined
    ? openKeys(config.data, { madeBefore })
    : Promise.resolve(deriveKeys(config.secret));
}

/** The text of the PEM file; throws ConfigError when it cannot be read. */
export async function certificates(key: StorageSetting, path: string | undefined): Promise<{ ca?: string }> {
  if (path === undefined) return {};
  try {
    return { ca: await readFile(path, 'utf8') };
  } catch (error) {
    throw new ConfigError([`${settingName(key)} cannot be read: ${(error as Error).message}.`]);
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
