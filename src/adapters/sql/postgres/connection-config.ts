/** How we connect to PostgreSQL: the URL as libpq understands it, TLS, and the limits that keep a dead peer from holding us up. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { UnusableDatabase } from './unusable-database.ts';

export interface ConnectionSettings {
  /** postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=… */
  readonly url: string;
  readonly statementTimeoutMs: number;
  /** PEM of the authorities that sign the server's certificate. */
  readonly ca?: string | undefined;
  readonly connectTimeoutMs?: number;
}

/** A node that stands still in the middle of a transaction holds locks that others wait for; units do nothing but ask the database. */
const idleInTransactionMs = 15_000;
/** How much longer than PostgreSQL itself we wait for the end of a statement, before the connection counts as dead. */
const answerGraceMs = 5_000;

/** Throws UnusableDatabase, which names what is wrong with the URL. */
export function connectionConfig(settings: ConnectionSettings): pg.ClientConfig {
  const { statementTimeoutMs } = settings;
  const url = new URL(settings.url);
  const ssl = tlsOf(url, settings.ca);
  for (const name of tlsParameters) url.searchParams.delete(name);
  return {
    connectionString: url.href,
    ssl,
    application_name: url.searchParams.get('application_name') ?? 'longshore',
    connectionTimeoutMillis: settings.connectTimeoutMs ?? 5_000,
    statement_timeout: statementTimeoutMs,
    lock_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    query_timeout: statementTimeoutMs + answerGraceMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types,
  };
}

const types = {
  getTypeParser: (oid: number) => parsers.get(oid) ?? pg.types.getTypeParser(oid, 'text'),
} as pg.CustomTypesConfig;

const { INT8, NUMERIC, BYTEA } = pg.types.builtins;
const parseBytes = pg.types.getTypeParser(BYTEA, 'text') as unknown as (text: string) => Buffer;

const parsers = new Map<number, (text: string) => unknown>([
  // Sizes, times and counts are far below 2^53.
  [INT8, Number],
  [NUMERIC, Number],
  // As node:sqlite answers them.
  [BYTEA, (text) => new Uint8Array(parseBytes(text))],
]);

const tlsParameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'];

/**
 * As libpq: `require` only encrypts, unless an authority is given; `verify-ca` looks at the chain, `verify-full` at the name too. With an
 * authority and without sslmode: verify-full. There is no “try without” as in libpq's prefer: whoever listens in between would choose.
 */
function tlsOf(url: URL, ca: string | undefined): false | ConnectionOptions {
  const parameter = (name: string) => url.searchParams.get(name) ?? undefined;
  const file = (name: string) => {
    const path = parameter(name);
    return path === undefined ? undefined : readFileSync(path, 'utf8');
  };
  const authorities = ca ?? file('sslrootcert');
  const mode = parameter('sslmode') ?? (authorities === undefined ? 'disable' : 'verify-full');
  const own = { ca: authorities, cert: file('sslcert'), key: file('sslkey') };
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  const withoutName = { checkServerIdentity: () => undefined };
  switch (mode) {
    case 'disable':
      return false;
    case 'require':
      return authorities === undefined ? { ...given, rejectUnauthorized: false } : { ...given, ...withoutName };
    case 'verify-ca':
      return { ...given, ...withoutName };
    case 'verify-full':
      return given;
    default:
      throw new UnusableDatabase(
        `The URL of the database says sslmode=${mode}; known are disable, require, verify-ca and verify-full.`,
      );
  }
}
