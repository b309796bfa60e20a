/** The contract on PostgreSQL: the same as on SQLite, and every connection given back. */
import { after, describe } from 'node:test';
import {
  openPostgresDatabases,
  type PostgresDatabases,
  postgresMissing,
} from '../../../../tests/support/postgres-server.ts';
import { metadataContract } from '../../../ports/metadata.contract.ts';
import { openPostgres } from './open-postgres.ts';

const skip = postgresMissing();

describe('PostgreSQL', { skip }, async () => {
  if (skip !== undefined) return;
  let databases: Promise<PostgresDatabases> | undefined;
  after(async () => (await databases)?.stop());

  metadataContract('PostgreSQL', async () => {
    databases ??= openPostgresDatabases();
    const { createDatabase, dropDatabase } = await databases;
    const url = await createDatabase();
    const open = () => openPostgres({ url, poolSize: 8, statementTimeoutMs: 20_000, retryTimeMs: 5_000 });
    const metadata = await open();
    return {
      metadata,
      openAgain: open,
      close: async () => {
        await metadata.close();
        await dropDatabase(url);
      },
    };
  });
});
