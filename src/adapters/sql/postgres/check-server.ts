/** Whether what answers at the URL is a PostgreSQL that we can use, said in words that tell what to do. */
import type pg from 'pg';
import { MetadataUnavailable } from '../../../ports/metadata.ts';
import { codeOf, toPortError, troubleOf } from './postgres-errors.ts';
import { UnusableDatabase } from './unusable-database.ts';

const oldestServer = 150_000;

/** Throws UnusableDatabase when the server is too old or the database cannot hold what we write, MetadataUnavailable when it is a standby. */
export async function checkServer(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as called,
      current_setting('server_encoding') as encoding, current_database() as name, pg_is_in_recovery() as standby`,
  );
  const { version, called, encoding, name, standby } = rows[0];
  if (version < oldestServer) {
    throw new UnusableDatabase(`PostgreSQL is version ${called}, Longshore needs 15 or newer. Upgrade the server.`);
  }
  if (encoding !== 'UTF8') {
    throw new UnusableDatabase(
      `The database "${name}" has the encoding ${encoding}, Longshore needs UTF8. ` +
        `Make another: createdb --encoding=UTF8 --template=template0 ${name}`,
    );
  }
  if (standby) {
    throw new MetadataUnavailable(
      'PostgreSQL only lets us read: it is a standby, or in recovery. Name the primary in the URL.',
    );
  }
}

/** What kept us from connecting to `url`, as an error that says what to do. The password is not in it. */
export function connectFailure(error: unknown, url: string): unknown {
  const { hostname, port, pathname, username } = new URL(url);
  const place = `${hostname}:${port || 5432}`;
  const database = decodeURIComponent(pathname.slice(1)) || decodeURIComponent(username);
  const code = codeOf(error) ?? '';
  const message = error instanceof Error ? error.message : String(error);
  if (code.startsWith('28')) {
    return new UnusableDatabase(
      `PostgreSQL at ${place} does not let the user "${decodeURIComponent(username)}" in (${message}). ` +
        'Look at user and password in the URL of the database, and at the server’s pg_hba.conf.',
      { cause: error },
    );
  }
  if (code === '3D000') {
    return new UnusableDatabase(
      `PostgreSQL at ${place} has no database "${database}". Make it: createdb --encoding=UTF8 ${database}`,
      {
        cause: error,
      },
    );
  }
  if (message === 'The server does not support SSL connections') {
    return new UnusableDatabase(
      `PostgreSQL at ${place} does not speak TLS. Switch it on there, or say sslmode=disable in the URL.`,
      {
        cause: error,
      },
    );
  }
  const distrust = whyNotTrusted(code);
  if (distrust !== undefined) {
    return new UnusableDatabase(`The certificate of PostgreSQL at ${place} is not trusted (${message}). ${distrust}`, {
      cause: error,
    });
  }
  if (troubleOf(error) !== 'lost') return toPortError(error);
  return new MetadataUnavailable(`PostgreSQL at ${place} cannot be reached (${wordsOf(error)}). Is it running?`, {
    cause: error,
  });
}

/** What to do about a certificate that Node refuses, by Node's code; undefined for any other failure. */
function whyNotTrusted(code: string): string | undefined {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'Name the host in the URL as the certificate does, or say sslmode=verify-ca there.';
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return 'Renew it, or look at the clocks.';
  return /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_UNTRUSTED|CERT_SIGNATURE/.test(code)
    ? 'Name the file with the certificate of its signer: --database-ca.'
    : undefined;
}

/** Node's error for a name with several addresses has an empty message. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
