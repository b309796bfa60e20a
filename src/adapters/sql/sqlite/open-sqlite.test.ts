/** The contract on SQLite, in a file and in memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metadataContract } from '../../../ports/metadata.contract.ts';
import { openSqlite } from './open-sqlite.ts';

metadataContract(
  'SQLite in memory',
  async () => {
    const metadata = await openSqlite({ path: ':memory:' });
    return { metadata, close: () => metadata.close() };
  },
  { alone: true },
);

metadataContract('SQLite in a file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-sql-'));
  const path = join(directory, 'longshore.db');
  const metadata = await openSqlite({ path });
  return {
    metadata,
    openAgain: () => openSqlite({ path }),
    close: async () => {
      await metadata.close();
      await rm(directory, { recursive: true });
    },
  };
});
