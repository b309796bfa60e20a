/** The contract on PostgreSQL: the same as on SQLite. */
import { after, describe } from 'node:test';
import {
  openPostgresDatabases,
  type PostgresDatabases,
  postgresMissing,
} from '../../../../tests/support/postgres-server.ts';
import { metadataContract } from '../../../ports/metadata.contract.ts';
import { openPostgres } from './open-postgres.ts';

const skip = postgresMissing() ?? false;

describe('PostgreSQL', { skip }, () => {
  if (skip !== false) return;
  let databases: Promise<PostgresDatabases> | undefined;
  let template: Promise<string> | undefined;
  after(async () => (await databases)?.stop());

  const open = (url: string) => openPostgres({ url, poolSize: 8, statementTimeoutMs: 20_000, retryTimeMs: 5_000 });

  /** Copied for each test, so that the schema is made once. */
  async function makeTemplate({ createDatabase }: PostgresDatabases): Promise<string> {
    const url = await createDatabase();
    await (await open(url)).close();
    return url;
  }

  metadataContract('PostgreSQL', async () => {
    const server = await (databases ??= openPostgresDatabases());
    const url = await server.createDatabase(await (template ??= makeTemplate(server)));
    const metadata = await open(url);
    // Databases go with the server at the end: to drop one costs a checkpoint.
    return { metadata, openAgain: () => open(url), close: () => metadata.close() };
  });
});
