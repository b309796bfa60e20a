/** Databases with the present schema for tests, cheap: one is migrated, all others are copies of it. */
import { openPostgres } from '../../src/adapters/sql/postgres/open-postgres.ts';
import type { Metadata } from '../../src/ports/metadata.ts';
import { openPostgresDatabases, type PostgresDatabases } from './postgres-server.ts';

export interface MigratedDatabases {
  /** The URL of a new one. */
  create(): Promise<string>;
  readonly databases: PostgresDatabases;
  stop(): Promise<void>;
}

export async function openMigratedDatabases(): Promise<MigratedDatabases> {
  const databases = await openPostgresDatabases();
  const template = await databases.createDatabase();
  await (await openNode(template)).close();
  return { databases, create: () => databases.createDatabase(template), stop: databases.stop };
}

/** As the server opens it, with a pool that a test can fill. */
export function openNode(url: string, { retryTimeMs = 5_000, poolSize = 8 } = {}): Promise<Metadata> {
  return openPostgres({ url, poolSize, statementTimeoutMs: 20_000, retryTimeMs });
}
