/** `longshore doctor`: before the first start, beside a server, and with each thing broken that it can tell apart. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import pg from 'pg';
import { postgresProgramsMissing, startPostgresServer } from '../support/postgres-server.ts';
import { freshPrefix, useS3Server, whyNoS3 } from '../support/s3-server.ts';
import { spawnServer } from '../support/spawn-server.ts';
import { sqliteAndFiles } from '../support/test-stores.ts';
import { pushImage } from './push-image.ts';
import { type Run, runLongshore, scratchDirectory } from './run-longshore.ts';

interface Finding {
  readonly about: string;
  readonly verdict: 'good' | 'warning' | 'problem';
  readonly detail: string;
  readonly advice?: string;
}

async function doctor(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Run & { findings: Finding[] }> {
  const run = await runLongshore(['doctor', '--json', '--listen', '127.0.0.1:0', ...args], { env });
  assert.notEqual(run.stdout, '', run.stderr);
  const { findings, problems } = JSON.parse(run.stdout) as { findings: Finding[]; problems: number };
  for (const { verdict, advice } of findings) assert.equal(advice === undefined, verdict === 'good');
  assert.equal(run.code, problems > 0 ? 1 : 0);
  return { ...run, findings };
}

const problemsOf = ({ findings }: { findings: Finding[] }, about: string) =>
  findings.filter((one) => one.about === about && one.verdict === 'problem').map(({ detail }) => detail);

test('before the first start it finds nothing wrong and makes nothing', async (t) => {
  const directory = await scratchDirectory(t);
  const { code } = await doctor(['--data', join(directory, 'data')]);
  assert.equal(code, 0);
  assert.deepEqual(await readdir(directory), []);
});

test('beside a server it says that it is ready, and leaves no probe', async (t) => {
  const server = await spawnServer({ stores: sqliteAndFiles });
  t.after(() => server.stop());
  const { code, findings, stdout } = await doctor(['--data', server.dataDirectory]);
  assert.equal(code, 0, stdout);
  assert.ok(findings.some(({ about, detail }) => about === 'server' && detail.includes(server.origin)));
  assert.ok(findings.some(({ about, detail }) => about === 'keys' && detail.includes('those of the installation')));
  assert.equal(findings.filter(({ about }) => about === 'layer store').length, 4);
  const files = await readdir(join(server.dataDirectory, 'blobs'), { recursive: true, withFileTypes: true });
  assert.deepEqual(
    files.filter((entry) => entry.isFile()).map(({ name }) => name),
    ['installation'],
  );
  assert.ok(!stdout.includes(server.secretAccessKey));
});

describe('what is broken is told', () => {
  test('keys of another installation, keys that others may read, a damaged database', async (t) => {
    const data = join(await scratchDirectory(t), 'data');
    const server = await spawnServer({ stores: sqliteAndFiles, dataDirectory: data });
    await server.terminate();
    const keys = join(data, 'keys.json');
    await chmod(keys, 0o644);
    assert.match(problemsOf(await doctor(['--data', data]), 'secrets')[0] ?? '', /others may read .*keys\.json/);
    await chmod(keys, 0o600);

    const other = await doctor(['--data', data, '--secret', 'another-secret-than-the-one-it-began-with']);
    assert.deepEqual(problemsOf(other, 'keys'), ['they are not those of the installation']);
    assert.ok(!other.stdout.includes('another-secret'));

    const database = new DatabaseSync(join(data, 'longshore.db'));
    database.exec(
      'update migrations set version = 99, oldest_program = 99 where version = (select max(version) from migrations)',
    );
    database.close();
    assert.match(
      problemsOf(await doctor(['--data', data]), 'database')[0] ?? '',
      /schema version 99; this program knows only/,
    );
    await writeFile(join(data, 'longshore.db'), 'no database at all, but long enough to look like a file of one');
    assert.match(problemsOf(await doctor(['--data', data]), 'database')[0] ?? '', /cannot be read/);
  });

  test('layers that are not there, by every command that would take them for lost', async (t) => {
    const data = join(await scratchDirectory(t), 'data');
    const server = await spawnServer({ stores: sqliteAndFiles, dataDirectory: data });
    t.after(() => server.stop());
    await pushImage(server, 'app', 'v1');
    await server.terminate();
    await rename(join(data, 'blobs'), join(data, 'away'));
    assert.match(problemsOf(await doctor(['--data', data]), 'layer store')[0] ?? '', /not mounted/);
    for (const command of [['verify'], ['gc', '--dry-run'], ['gc', '--now'], ['backup', join(data, 'backup')]]) {
      const { code, stdout, stderr } = await runLongshore([...command, '--data', data]);
      assert.equal(code, 1, `${command}: ${stdout}${stderr}`);
      assert.match(stderr, /not mounted/);
    }
    await rm(join(data, 'blobs'), { recursive: true });
    await rename(join(data, 'away'), join(data, 'blobs'));
    const { code, stdout } = await runLongshore(['verify', '--data', data]);
    assert.equal(code, 0, stdout);
  });

  test('a port in use, a name that does not resolve', async (t) => {
    const data = join(await scratchDirectory(t), 'data');
    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const run = await doctor([
      '--data',
      data,
      '--listen',
      `127.0.0.1:${port}`,
      '--registry-host',
      '{account}.registry.invalid',
    ]);
    assert.match(problemsOf(run, 'port')[0] ?? '', /used by another program/);
    assert.equal(problemsOf(run, 'DNS').length, 2);
  });

  test('a certificate that ended, one for other names, a key that is not its own', async (t) => {
    const directory = await scratchDirectory(t);
    const make = async (name: string, days: readonly string[], names: string) => {
      const files = { cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
      const subject = ['-subj', '/CN=test', '-addext', `subjectAltName=${names}`];
      await promisify(execFile)('openssl', [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-keyout', files.key, '-out', files.cert, ...days, ...subject],
      ]);
      return files;
    };
    const names = 'DNS:localhost,DNS:*.dkr.ecr.us-east-1.localhost';
    const fine = await make('fine', ['-days', '90'], names);
    const soon = await make('soon', ['-days', '2'], names);
    const foreign = await make('foreign', ['-days', '90'], 'DNS:elsewhere.example');
    const tls = (cert: string, key: string) =>
      doctor(['--data', join(directory, 'data'), '--tls-cert', cert, '--tls-key', key]);
    const verdicts = (run: { findings: Finding[] }) =>
      run.findings.filter(({ about }) => about === 'TLS').map(({ verdict }) => verdict);
    assert.deepEqual(verdicts(await tls(fine.cert, fine.key)), ['good', 'good']);
    assert.deepEqual(verdicts(await tls(soon.cert, soon.key)), ['warning', 'good']);
    assert.match(
      problemsOf(await tls(foreign.cert, foreign.key), 'TLS')[0] ?? '',
      /not for localhost, 123456789012\.dkr/,
    );
    assert.match(problemsOf(await tls(fine.cert, soon.key), 'TLS')[0] ?? '', /is not the key of/);
    assert.match(problemsOf(await tls(fine.cert, join(directory, 'none')), 'TLS')[0] ?? '', /cannot be used/);
  });
});

test('PostgreSQL: empty, served, unsafe, out of reach; never a password', {
  // A server of its own: a shared one may be set up for speed, which the doctor must complain of.
  skip: postgresProgramsMissing() ?? false,
}, async (t) => {
  const databases = await startPostgresServer();
  t.after(() => databases.stop());
  const url = await databases.createDatabase();
  const data = join(await scratchDirectory(t), 'data');
  const env = { LONGSHORE_DATABASE: url };

  const empty = await doctor(['--data', data], env);
  assert.equal(empty.code, 0, empty.stdout);
  assert.ok(empty.findings.some(({ about, detail }) => about === 'database' && detail.startsWith('empty;')));
  assert.ok(empty.findings.some(({ about, verdict }) => about === 'clock' && verdict === 'good'));
  assert.equal(await stat(data).catch(() => 'nothing'), 'nothing', 'nothing is made');

  const client = new pg.Client({ connectionString: url });
  await client.connect();
  client.on('error', () => undefined);
  const name = new URL(url).pathname.slice(1);
  await client.query(`alter database ${name} set synchronous_commit = off`);
  const unsafe = await doctor(['--data', data], env);
  assert.match(problemsOf(unsafe, 'database').join(), /synchronous_commit is off/);
  await client.query(`alter database ${name} reset synchronous_commit`);
  await client.end();

  const greedy = await doctor(['--data', data, '--database-pool-size', '900'], env);
  assert.ok(
    greedy.findings.some(({ verdict, advice }) => verdict === 'warning' && advice?.includes('max_connections')),
  );

  const gone = await doctor(['--data', data], { LONGSHORE_DATABASE: 'postgres://user:its-password@127.0.0.1:1/none' });
  assert.equal(gone.code, 1);
  assert.ok(!gone.stdout.includes('its-password'));
});

test('S3: everything that is needed works, or what does not is named', { skip: whyNoS3() ?? false }, async (t) => {
  const s3 = await useS3Server();
  t.after(() => s3.stop());
  const data = join(await scratchDirectory(t), 'data');
  const env = {
    LONGSHORE_BLOBS: `s3://${s3.bucket}/${freshPrefix()}`,
    LONGSHORE_S3_ENDPOINT: s3.endpoint,
    LONGSHORE_S3_REGION: s3.region,
    LONGSHORE_S3_ACCESS_KEY_ID: s3.accessKeyId,
    LONGSHORE_S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
  };
  const fine = await doctor(['--data', data], env);
  assert.equal(fine.code, 0, fine.stdout);
  const details = fine.findings.filter(({ about }) => about === 'layer store').map(({ detail }) => detail);
  assert.equal(details.length, 5, details.join('\n'));
  assert.ok(details.some((detail) => detail.includes('presigned')));

  const wrong = await doctor(['--data', data], { ...env, LONGSHORE_S3_SECRET_ACCESS_KEY: 'not-the-secret-of-it' });
  assert.equal(problemsOf(wrong, 'layer store').length, 1);
  assert.ok(!wrong.stdout.includes('not-the-secret-of-it'));
});
