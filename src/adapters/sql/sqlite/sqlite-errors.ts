/** What SQLite's errors mean to us. Codes: https://sqlite.org/rescode.html */
import { MetadataUnavailable } from '../../../ports/metadata.ts';

/** The low byte of these result codes says that the database, not the statement, is at fault. */
const unavailable = new Map([
  [5, 'The database is locked by another process.'],
  [6, 'The database is locked by another process.'],
  [7, 'The database is out of memory.'],
  [8, 'The database cannot be written to.'],
  [10, 'The database could not be read or written.'],
  [11, 'The database is damaged.'],
  [13, 'The disk of the database is full.'],
  [14, 'The database cannot be opened.'],
  [26, 'The database is damaged.'],
]);

/** SQLITE_IOERR_SHMSIZE: what a full disk looks like when the index of the write-ahead log should grow. */
const ioerrShmSize = 4874;

/** Whether another process holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  return (codeOf(error) & 0xff) === 5;
}

/** Answers the error as the port names it when the database is at fault; any other error, a Fault or a bug, comes back as it is. */
export function toPortError(error: unknown): unknown {
  const code = codeOf(error);
  const message = unavailable.get(code & 0xff);
  if (message === undefined) return error;
  return new MetadataUnavailable(message, { cause: error, full: (code & 0xff) === 13 || code === ioerrShmSize });
}

/** SQLite's extended result code; 0 when the error is none of SQLite's. */
function codeOf(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error)) return 0;
  return Number(error.errcode);
}
