/** The metadata port on SQLite, in a file or in memory. */
import type { Metadata } from '../../../ports/metadata.ts';
import { connectSqlite } from './sqlite-connection.ts';
import { sqliteEngine } from './sqlite-engine.ts';
import { toPortError } from './sqlite-errors.ts';

/**
 * Opens the database at `path`, or a new one that lives as long as the answer for ':memory:'. Makes the file (mode 0600) and
 * its directory (0700) when they are not there and brings the schema up to date. Any number of processes may have it open.
 * Rejects with `MetadataUnavailable`, or with `DatabaseTooNew` when a newer Longshore has upgraded it.
 */
export async function openSqlite({ path }: { path: string }): Promise<Metadata> {
  try {
    return sqliteEngine(connectSqlite(path));
  } catch (error) {
    throw toPortError(error);
  }
}
