/** What the errors of PostgreSQL and of the way to it mean to us. Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
import { MetadataUnavailable } from '../../../ports/metadata.ts';

/**
 * - `conflict`: another transaction came between; the unit is run again.
 * - `lost`: the connection, or the server behind it, is gone; the unit is run again on another connection.
 * - `unavailable`: the database could not do it, and asking again at once would not help.
 * - `other`: a mistake in the question.
 */
export type Trouble = 'conflict' | 'lost' | 'unavailable' | 'other';

const conflicts = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '23505', // unique_violation: somebody added the same a moment ago
  '23503', // foreign_key_violation: what this refers to went a moment ago, or got a referrer
]);

/** Of what is not a conflict, what another connection may do better: a restarted server, or the one that took its place. */
const lost = new Set([
  '25006', // read_only_sql_transaction: a standby, until it is promoted
  '25P03', // idle_in_transaction_session_timeout: this process stood still
  '25P04', // transaction_timeout
  '26000', // invalid_sql_statement_name: a proxy gave us another session
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
]);

const messages: readonly [code: RegExp, message: string][] = [
  [/^25006$/, 'PostgreSQL only lets us read: it is a standby, or in recovery.'],
  [/^53100$/, 'The disk of PostgreSQL is full.'],
  [/^53200$/, 'PostgreSQL is out of memory.'],
  [/^53300$/, 'PostgreSQL has no connection left for us.'],
  [/^53/, 'PostgreSQL is out of something it needs.'],
  [/^55P03$/, 'A lock was not to be had in time.'],
  [/^57014$/, 'PostgreSQL took too long for a statement.'],
  [/^57P0[123]$/, 'PostgreSQL is starting up or shutting down.'],
  [/^(?:58|XX)/, 'PostgreSQL could not read or write its files.'],
  [/^28/, 'PostgreSQL does not let us in.'],
  [/^3D000$/, 'The database is not there.'],
];

export function troubleOf(error: unknown): Trouble {
  const code = codeOf(error);
  if (code === undefined || !isSqlState(code)) return isOfConnection(error) ? 'lost' : 'other';
  if (conflicts.has(code)) return 'conflict';
  // A plan was prepared before a newer node added a column. It is made anew on another connection.
  if (lost.has(code) || code.startsWith('08') || isStalePlan(error)) return 'lost';
  return messages.some(([pattern]) => pattern.test(code)) ? 'unavailable' : 'other';
}

/** The error as the port names it when the database is at fault; any other error comes back as it is. */
export function toPortError(error: unknown): unknown {
  if (error instanceof MetadataUnavailable) return error;
  const trouble = troubleOf(error);
  if (trouble === 'other') return error;
  const code = codeOf(error) ?? '';
  // Only what keeps happening comes here: a row that is there in earnest is a mistake of ours, not of the database.
  if (code.startsWith('23')) return error;
  const known = isSqlState(code) ? messages.find(([pattern]) => pattern.test(code))?.[1] : undefined;
  const fallback = trouble === 'conflict' ? 'Too many others write the same.' : 'PostgreSQL cannot be reached.';
  return new MetadataUnavailable(known ?? fallback, { cause: error, full: code === '53100' });
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Five characters with a digit among them, so that Node's EPIPE is none. */
function isSqlState(code: string): boolean {
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(code);
}

/** Node's errors of sockets, names and TLS have a code and a system call, or come from the driver, which has only words. */
function isOfConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isOfConnection);
  if (/^(?:E[A-Z]+|ERR_(?:SSL|TLS|SOCKET|STREAM)\w*|[A-Z_]*CERT[A-Z_]*)$/.test(codeOf(error) ?? '')) return true;
  return driverWords.test(error.message);
}

const driverWords =
  /^(?:Connection terminated|Client (?:has encountered a connection error|was closed)|timeout exceeded when trying to connect|timeout expired|Query read timeout|Cannot use a pool after calling end)/;

function isStalePlan(error: unknown): boolean {
  return codeOf(error) === '0A000' && error instanceof Error && error.message.startsWith('cached plan');
}
