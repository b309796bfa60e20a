/** Opens what is kept: SQLite or PostgreSQL, files or an S3-compatible store, as the settings say. Only what is used is loaded. */
import { randomUUID } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { deriveKeys } from '../adapters/keys/derive-keys.ts';
import { openKeys } from '../adapters/keys/key-file.ts';
import { createPrivateFile, makePrivateDirectory } from '../adapters/keys/private-file.ts';
import { timedBlobs } from '../adapters/timed/timed-blobs.ts';
import { timedMetadata } from '../adapters/timed/timed-metadata.ts';
import { settingName } from '../config/settings-table.ts';
import type { StorageSetting } from '../config/storage-settings.ts';
import { type Config, ConfigError } from '../config.ts';
import type { Figure, KeepsFigures } from '../lib/figure.ts';
import type { OperationTimings } from '../lib/operation-timings.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import type { Keys } from '../ports/keys.ts';
import type { Metadata } from '../ports/metadata.ts';
import type { Ports } from '../ports/ports.ts';
import { confirmKeys, keysAreFixed } from '../services/iam/same-keys.ts';
import { confirmLayerStore, type LayerStorePlace } from '../services/integrity/layer-store-mark.ts';
import { confirmLayerPlace } from '../services/integrity/same-layer-place.ts';
import { version } from '../version.ts';

export type StorageConfig = Pick<Config, StorageSetting>;

/** Everything that is kept, opened. */
export interface Stores {
  readonly ports: Ports;
  /** What the stores keep of themselves, for /metrics. */
  figures(): readonly Figure[];
  close(): Promise<void>;
}

/** The database alone: enough for accounts and keys. */
export interface Database {
  readonly ports: Omit<Ports, 'blobs'>;
  figures(): readonly Figure[];
  close(): Promise<void>;
}

export interface OpenStoresOptions {
  readonly clock?: Clock;
  readonly timings?: { readonly database: OperationTimings; readonly blobs: OperationTimings } | undefined;
  /** What people call this process where PostgreSQL lists who uses it. */
  readonly node?: { readonly address: string; readonly version: string } | undefined;
  /** Hears of connections that are lost and of migrations. */
  readonly log?: Logger;
}

/**
 * Opens what is kept without serving it; works beside running servers. Makes what is not there yet. Rejects with errors whose
 * message says what to do.
 */
export async function openStores(config: StorageConfig, options: OpenStoresOptions = {}): Promise<Stores> {
  const database = await openDatabase(config, options);
  try {
    await confirmPlace(database.ports, config);
    const blobs = await openBlobs(config);
    try {
      await confirmLayerStore({ ...database.ports, blobs }, placeOfLayers(config));
    } catch (error) {
      await blobs.close();
      throw error;
    }
    return {
      ports: {
        ...database.ports,
        blobs: options.timings === undefined ? blobs : timedBlobs(blobs, options.timings.blobs),
      },
      figures: () => [...database.figures(), ...figuresOf(blobs)],
      async close() {
        await blobs.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** As `openStores`, without the layers. */
export async function openDatabase(config: StorageConfig, options: OpenStoresOptions = {}): Promise<Database> {
  const { clock = systemClock, timings } = options;
  const { metadata, keys } = await openMetadata(config, options);
  try {
    await confirmKeys({ metadata, keys });
    return {
      ports: { clock, keys, metadata: timings === undefined ? metadata : timedMetadata(metadata, timings.database) },
      figures: () => figuresOf(metadata),
      close: () => metadata.close(),
    };
  } catch (error) {
    await metadata.close();
    throw error;
  }
}

interface OpenedMetadata {
  readonly metadata: Metadata & Partial<KeepsFigures>;
  readonly keys: Keys;
}

async function openMetadata(config: StorageConfig, options: OpenStoresOptions): Promise<OpenedMetadata> {
  if (config.database !== undefined) return openPostgresMetadata(config, config.database, options);
  const path = join(config.data, 'longshore.db');
  // The keys first: while there is no database, it is sure that nothing is sealed with others.
  const keys = await keysOf(config, async () =>
    (await exists(path))
      ? "its database is there. Bring the file back from a backup: without it nobody's access key can be checked."
      : undefined,
  );
  const { openSqlite } = await import('../adapters/sql/sqlite/open-sqlite.ts');
  return { keys, metadata: await openSqlite({ path }) };
}

async function openPostgresMetadata(
  config: StorageConfig,
  url: string,
  { node = thisProcess(), log }: OpenStoresOptions,
): Promise<OpenedMetadata> {
  const { openPostgres } = await import('../adapters/sql/postgres/open-postgres.ts');
  const metadata = await openPostgres({
    url,
    poolSize: config.databasePoolSize,
    statementTimeoutMs: config.databaseStatementTimeout,
    retryTimeMs: config.databaseRetryTime,
    node,
    ...(log !== undefined && { log: (level, message, details = {}) => log[level](details, message) }),
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

export async function openBlobs(config: StorageConfig): Promise<BlobStore & Partial<KeepsFigures>> {
  if (config.blobs === undefined) {
    const { openFilesystemBlobs } = await import('../adapters/blobs/filesystem/open-filesystem-blobs.ts');
    return openFilesystemBlobs({ directory: join(config.data, 'blobs') });
  }
  const { openS3Blobs } = await import('../adapters/blobs/s3/open-s3-blobs.ts');
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

/** Where layers are, in the words of the settings. */
export function placeOfLayers({ blobs, data }: StorageConfig): LayerStorePlace {
  if (blobs === undefined) return { name: join(data, 'blobs'), mark: join(data, 'blobs', 'installation') };
  const name = `s3://${blobs.bucket}/${blobs.prefix}`;
  return { name, mark: `${name}installation` };
}

/** SQLite lies beside its layers, so nothing can be mixed up there. */
async function confirmPlace(ports: Database['ports'], config: StorageConfig): Promise<void> {
  if (config.database === undefined) return;
  if (config.blobs !== undefined) return confirmLayerPlace(ports, 's3');
  await makePrivateDirectory(config.data);
  await confirmLayerPlace(ports, await createPrivateFile(join(config.data, 'layers-id'), randomUUID()));
}

function thisProcess() {
  return { address: `${hostname()} (process ${process.pid})`, version };
}

function figuresOf(adapter: Partial<KeepsFigures>): readonly Figure[] {
  return adapter.figures?.() ?? [];
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
