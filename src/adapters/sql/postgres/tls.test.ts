/** TLS to a real PostgreSQL: what each sslmode accepts, and from whom. Needs openssl to make certificates. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import {
  type PostgresServer,
  postgresProgramsMissing,
  startPostgresServer,
} from '../../../../tests/support/postgres-server.ts';
import { connectionConfig } from './connection-config.ts';
import { openPostgres } from './open-postgres.ts';

const noOpenssl =
  spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not there to make certificates';

describe('TLS to PostgreSQL', { skip: postgresProgramsMissing() ?? noOpenssl ?? false }, () => {
  let directory: string;
  let server: PostgresServer;
  /** Signs the server's certificate, which is for the name localhost alone. */
  let authority: string;
  let stranger: string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'longshore-tls-'));
    authority = makeAuthority(directory, 'authority');
    stranger = makeAuthority(directory, 'stranger');
    const pair = signFor(directory, 'authority', 'localhost');
    server = await startPostgresServer({ fsync: false, tls: pair });
  });
  after(async () => {
    await server?.stop();
    if (directory !== undefined) rmSync(directory, { recursive: true });
  });

  /** Whether the connection that comes about is encrypted; rejects when none does. */
  async function connect(host: string, sslmode: string | undefined, ca?: string): Promise<boolean> {
    const url = new URL(server.adminUrl);
    url.hostname = host;
    if (sslmode !== undefined) url.searchParams.set('sslmode', sslmode);
    const client = new pg.Client(connectionConfig({ url: url.href, statementTimeoutMs: 10_000, ca }));
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
      return rows[0].ssl;
    } finally {
      await client.end();
    }
  }

  const untrusted = {
    code: /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY|SELF_SIGNED_CERT_IN_CHAIN)$/,
  };
  const otherName = { code: 'ERR_TLS_CERT_ALTNAME_INVALID' };

  test('disable and nothing at all do not encrypt', async () => {
    assert.equal(await connect('127.0.0.1', 'disable'), false);
    assert.equal(await connect('127.0.0.1', undefined), false);
  });

  test('require encrypts, whoever answers; with an authority it must have signed', async () => {
    assert.equal(await connect('127.0.0.1', 'require'), true);
    assert.equal(await connect('127.0.0.1', 'require', authority), true);
    await assert.rejects(connect('127.0.0.1', 'require', stranger), untrusted);
  });

  test('verify-ca looks at who signed, not at the name', async () => {
    assert.equal(await connect('127.0.0.1', 'verify-ca', authority), true);
    await assert.rejects(connect('127.0.0.1', 'verify-ca', stranger), untrusted);
    await assert.rejects(connect('127.0.0.1', 'verify-ca'), untrusted);
  });

  for (const sslmode of ['verify-full', undefined]) {
    test(`${sslmode ?? 'an authority without sslmode'} looks at the name, too`, async () => {
      assert.equal(await connect('localhost', sslmode, authority), true);
      await assert.rejects(connect('127.0.0.1', sslmode, authority), otherName);
      await assert.rejects(connect('localhost', sslmode, stranger), untrusted);
    });
  }

  test('a store opens and tells changes over TLS, and says what is wrong when it does not', async () => {
    const database = new URL(await server.createDatabase());
    database.hostname = 'localhost';
    database.searchParams.set('sslmode', 'verify-full');
    const options = {
      poolSize: 4,
      statementTimeoutMs: 10_000,
      retryTimeMs: 1000,
      node: { address: 'a test', version: '0' },
    };
    const metadata = await openPostgres({ ...options, url: database.href, ca: authority });
    try {
      await metadata.write((tx) => tx.installation.add('encrypted', 'yes'));
      assert.equal(await metadata.read((tx) => tx.installation.find('encrypted')), 'yes');
      const client = new pg.Client(server.adminUrl);
      await client.connect();
      const { rows } = await client.query(
        'select bool_and(ssl) as all, count(*) as open from pg_stat_ssl join pg_stat_activity using (pid) where datname = $1',
        [database.pathname.slice(1)],
      );
      await client.end();
      assert.equal(rows[0].all, true);
      assert(Number(rows[0].open) >= 2, 'the one that listens, and those that ask');
    } finally {
      await metadata.close();
    }
    const refused = { ...options, url: database.href, ca: stranger };
    await assert.rejects(openPostgres(refused), { name: 'UnusableDatabase', message: /not trusted .* --database-ca/ });
    database.hostname = '127.0.0.1';
    const elsewhere = { ...options, url: database.href, ca: authority };
    await assert.rejects(openPostgres(elsewhere), {
      name: 'UnusableDatabase',
      message: /not trusted .* sslmode=verify-ca/,
    });
  });
});

function makeAuthority(directory: string, name: string): string {
  const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  openssl('req', '-x509', ...newKey(key), '-days', '2', '-subj', `/CN=${name}`, '-out', cert);
  return readFileSync(cert, 'utf8');
}

function signFor(directory: string, authority: string, host: string): { key: string; cert: string } {
  const [key, cert] = [join(directory, 'server.key'), join(directory, 'server.crt')];
  const signer = ['-CA', join(directory, `${authority}.crt`), '-CAkey', join(directory, `${authority}.key`)];
  const names = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  openssl('req', '-x509', ...newKey(key), ...signer, ...names, '-days', '2', '-out', cert);
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

function newKey(path: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path];
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
