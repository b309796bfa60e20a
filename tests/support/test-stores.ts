/**
 * Which stores a server under test keeps its things in. Nothing is said: SQLite and files in its data directory. TEST_STORES=postgres+s3
 * (scripts/with-test-stores.ts): a database and a prefix of its own for every data directory, the same again after a restart.
 */
import { createHash, randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import pg from 'pg';
import type { S3Server } from './request-s3.ts';

/** The servers that databases and prefixes are made on. */
export interface StoreServers {
  /** URL of a PostgreSQL database whose user may create others. */
  readonly postgres: string;
  readonly s3: Omit<S3Server, 'stop'>;
}

export interface TestStores {
  /** What a server needs to use them, by the keys of the settings table. Empty for SQLite and files. */
  readonly settings: Readonly<Record<string, string>>;
  /** The same as `LONGSHORE_…` variables, for processes. */
  readonly environment: Readonly<Record<string, string>>;
  /** Removes the database, whoever is connected. Objects go with the bucket. */
  dispose(): Promise<void>;
}

export const sqliteAndFiles: TestStores = { settings: {}, environment: {}, dispose: async () => undefined };

/** Whether the suites run on PostgreSQL and S3. Throws for a word it does not know. */
export function onPostgresAndS3(): boolean {
  const chosen = process.env.TEST_STORES ?? '';
  if (chosen === '' || chosen === 'sqlite+files') return false;
  if (chosen === 'postgres+s3') return true;
  throw new Error(`TEST_STORES is "${chosen}"; it must be sqlite+files or postgres+s3`);
}

/** Why a test that looks into the data directory cannot run now; undefined when it can. For `{ skip }`. */
export function whyNotFiles(): string | undefined {
  return onPostgresAndS3() ? 'only on SQLite and files: it looks at what lies in the data directory' : undefined;
}

/** Why a test of PostgreSQL and S3 cannot run now. */
export function whyNotPostgresAndS3(): string | undefined {
  return onPostgresAndS3() ? undefined : 'only on PostgreSQL and S3: node scripts/with-test-stores.ts -- …';
}

/** The stores that the environment chooses for a data directory; the same directory name gets the same ones again. */
export async function storesFor(dataDirectory: string): Promise<TestStores> {
  return onPostgresAndS3() ? openStoresOn(serversOfEnvironment(), basename(dataDirectory)) : sqliteAndFiles;
}

/**
 * A database and a prefix called after `name`, made when they are not there yet; several nodes may use them. Without a name: fresh ones.
 * Rejects when PostgreSQL cannot be asked.
 */
export async function openStoresOn(
  { postgres, s3 }: StoreServers,
  name = randomBytes(8).toString('hex'),
): Promise<TestStores> {
  const id = createHash('sha256').update(name).digest('hex').slice(0, 20);
  const database = `longshore_${id}`;
  await createDatabase(postgres, database);
  const url = new URL(postgres);
  url.pathname = `/${database}`;
  const settings = {
    database: url.href,
    blobs: `s3://${s3.bucket}/${id}`,
    s3Endpoint: s3.endpoint,
    s3Region: s3.region,
    s3AccessKeyId: s3.accessKeyId,
    s3SecretAccessKey: s3.secretAccessKey,
    // Clients of the suites see bytes as one server gives them, unless TEST_BLOB_DELIVERY=redirect sends them to the store.
    blobDelivery: process.env.TEST_BLOB_DELIVERY ?? 'proxy',
    // Several nodes must have the same one; it is as secret as the tests are.
    secret: createHash('sha256').update(`secret of ${name}`).digest('hex'),
  };
  return {
    settings,
    environment: Object.fromEntries(Object.entries(settings).map(([key, value]) => [variableOf(key), value])),
    dispose: () => ask(postgres, `drop database if exists ${database} with (force)`),
  };
}

/** Throws when scripts/with-test-stores.ts, or somebody by hand, has not said where the servers are. */
export function serversOfEnvironment(): StoreServers {
  const given = (name: string): string => {
    const value = process.env[`TEST_${name}`];
    if (value) return value;
    throw new Error(`TEST_${name} is not set; run the tests through scripts/with-test-stores.ts`);
  };
  return {
    postgres: given('POSTGRES'),
    s3: {
      endpoint: given('S3_ENDPOINT'),
      region: given('S3_REGION'),
      bucket: given('S3_BUCKET'),
      accessKeyId: given('S3_ACCESS_KEY_ID'),
      secretAccessKey: given('S3_SECRET_ACCESS_KEY'),
    },
  };
}

/** `s3Endpoint` to `LONGSHORE_S3_ENDPOINT`. */
function variableOf(key: string): string {
  return `LONGSHORE_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

async function createDatabase(server: string, name: string): Promise<void> {
  try {
    await ask(server, `create database ${name} template template0 encoding 'UTF8'`);
  } catch (error) {
    // There already, or being made by another node at this moment.
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error;
  }
}

async function ask(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // A connection that breaks rejects the query; the event says nothing more.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
