/** A copy of a SQLite database as it is at one moment, taken while others write to it. */
import { closeSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** How long to wait for a process that is just recovering the database. */
const TIMEOUT_MS = 10_000;

/**
 * Writes what the database at `from` holds now to a new file at `to` (mode 0600), packed; holds up no writer. One read transaction:
 * unlike a copy page by page it need not begin again when somebody writes. Throws what SQLite throws.
 */
export function copySqlite(from: string, to: string): void {
  rmSync(to, { force: true });
  closeSync(openSync(to, 'wx', 0o600));
  const db = new DatabaseSync(from, { timeout: TIMEOUT_MS });
  try {
    db.prepare('vacuum into ?').run(to);
  } finally {
    db.close();
  }
}
