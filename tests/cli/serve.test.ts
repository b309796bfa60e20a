/** `longshore serve` as a process: its signals, its exit codes, its refusals, and what it logs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { rawRequest } from '../support/raw-request.ts';
import { programPath, spawnServer } from '../support/spawn-server.ts';
import { pushImage } from './push-image.ts';
import { runLongshore, scratchDirectory } from './run-longshore.ts';

test('an address in use, a directory in use and one that is a file are refused in words, with 1', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const directory = await scratchDirectory(t);
  const taken = await runLongshore(['serve', '--listen', `127.0.0.1:${port}`, '--data', join(directory, 'a')]);
  assert.deepEqual(
    [taken.code, taken.stderr],
    [1, `127.0.0.1:${port} is in use by another program. Stop that, or choose another address with --listen.\n`],
  );

  const server = await spawnServer();
  t.after(() => server.stop());
  const second = await runLongshore(['serve', '--listen', '127.0.0.1:0', '--data', server.dataDirectory]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`already served by process ${server.pid} on .*${server.origin}`));

  const file = join(directory, 'file');
  await writeFile(file, '');
  const below = await runLongshore(['serve', '--listen', '127.0.0.1:0', '--data', join(file, 'data')]);
  assert.equal(below.code, 1);
  assert.match(below.stderr, /below a file/);
  assert.doesNotMatch(below.stderr, /\n {4}at /);
});

test('TLS files that do not fit end the start with their names', async (t) => {
  const directory = await scratchDirectory(t);
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  await writeFile(cert, 'no certificate');
  await writeFile(key, 'no key');
  const { code, stderr } = await runLongshore([
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--data',
    directory,
    '--tls-cert',
    cert,
    '--tls-key',
    key,
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /^tls-cert .*cert\.pem and tls-key .*key\.pem cannot be used: /);
});

test('SIGTERM ends with 0 and what was pushed is there after the next start; so does SIGINT sent twice at once', async (t) => {
  const directory = await scratchDirectory(t);
  const first = await spawnServer({ dataDirectory: directory });
  t.after(() => first.stop());
  const image = await pushImage(first, 'app', 'one');
  assert.equal(await first.terminate(), 0);
  const second = await spawnServer({ dataDirectory: directory });
  t.after(() => second.stop());
  const authorization = `Basic ${Buffer.from(`AWS:${await second.dockerToken()}`).toString('base64')}`;
  const { status, headers } = await rawRequest(second.origin, 'HEAD', '/v2/app/manifests/one', {
    headers: { authorization },
  });
  assert.deepEqual([status, headers['docker-content-digest']], [200, image.digest]);
  // As the terminal and npm do on Ctrl-C.
  process.kill(second.pid, 'SIGINT');
  assert.equal(await Promise.all([second.terminate()]).then(([code]) => code), 0);
});

test('what is logged of signed and authenticated requests holds no secret', async (t) => {
  const server = await spawnServer({ flags: ['--log-level', 'debug', '--log-format', 'json'] });
  t.after(() => server.stop());
  const { accessKeyId, secretAccessKey } = server;
  const ecr = new ECRClient({
    endpoint: server.origin,
    region: server.region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  });
  t.after(() => ecr.destroy());
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'quiet' }));
  await assert.rejects(
    new ECRClient({
      endpoint: server.origin,
      region: server.region,
      credentials: { accessKeyId, secretAccessKey: 'wrong-wrong-wrong-wrong' },
      maxAttempts: 1,
    }).send(new CreateRepositoryCommand({ repositoryName: 'quiet' })),
  );
  const token = await server.dockerToken();
  await pushImage(server, 'app', 'one');
  await rawRequest(server.origin, 'GET', `/v2/app/manifests/one?X-Amz-Signature=${'5e'.repeat(32)}`, {
    headers: { authorization: `Basic ${Buffer.from(`AWS:${token}x`).toString('base64')}` },
  });
  await server.terminate();
  const logged = server.output();
  assert.ok(logged.split('\n').length > 10, logged);
  for (const secret of [
    secretAccessKey,
    token,
    token.slice(0, 40),
    Buffer.from(`AWS:${token}`).toString('base64').slice(0, 40),
    'X-Amz-Signature',
    '5e5e5e',
  ]) {
    assert.ok(!logged.includes(secret), `the log holds ${secret}`);
  }
  const fields = logged
    .split('\n')
    .filter((line) => line.includes('"msg":"request"'))
    .map((line) => JSON.parse(line));
  const put = fields.find(({ operation }) => operation === 'CreateRepository');
  assert.deepEqual(
    [put.caller, put.action, put.resource, put.status, typeof put.requestId],
    [
      'arn:aws:iam::000000000000:root',
      'ecr:CreateRepository',
      'arn:aws:ecr:us-east-1:000000000000:repository/quiet',
      200,
      'string',
    ],
  );
});

test('health and metrics', async (t) => {
  const server = await spawnServer();
  t.after(() => server.stop());
  await pushImage(server, 'app', 'one');
  for (const path of ['/livez', '/readyz'])
    assert.equal((await rawRequest(server.origin, 'GET', path)).status, 200, path);
  assert.equal((await rawRequest(server.origin, 'POST', '/readyz')).status, 405);
  const metrics = (await rawRequest(server.origin, 'GET', '/metrics')).body.toString();
  assert.match(
    metrics,
    /^longshore_request_duration_seconds_count\{edge="oci",operation="PutManifest",status="201"\} 1$/m,
  );
  assert.match(metrics, /^longshore_request_bytes_in_total\{edge="oci",[^}]*\} [1-9]/m);
  assert.match(metrics, /^longshore_database_duration_seconds_count\{operation="write"\} [1-9]/m);
  assert.match(metrics, /^longshore_blob_store_duration_seconds_bucket\{operation="commit",le="\+Inf"\} [1-9]/m);
  assert.match(metrics, /^longshore_open_uploads 0$/m);
  assert.match(metrics, /^nodejs_eventloop_lag_seconds /m);
});

test('output that nobody reads any more does not end the server', async (t) => {
  const directory = await scratchDirectory(t);
  const child = spawn(process.execPath, [programPath, 'serve', '--data', directory, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const { origin } = JSON.parse(String(line));
  child.stdout.destroy();
  for (let index = 0; index < 20; index++) {
    await rawRequest(origin, 'GET', '/');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await gone, [0, null]);
});
