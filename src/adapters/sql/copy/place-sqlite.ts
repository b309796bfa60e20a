/** Makes a finished draft the database of a data directory. */
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { TargetInUse } from '../../../ports/new-installation.ts';

/** Whole or not at all, durably. Throws TargetInUse when there is a database. */
export function placeSqlite(draft: string, database: string): void {
  refuseDatabase(database);
  // A link, unlike a rename, never replaces what somebody made meanwhile.
  linkSync(draft, database);
  const directory = openSync(dirname(database), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
  rmSync(draft);
}

/** Throws TargetInUse when there is a database. */
export function refuseDatabase(database: string): void {
  if (!existsSync(database)) return;
  throw new TargetInUse(
    `There is a database already: ${database}. Choose an empty data directory, or move that one away first.`,
  );
}
