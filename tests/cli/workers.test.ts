/** `longshore serve --workers`: several processes that a user takes for one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { rawRequest } from '../support/raw-request.ts';
import { signAws } from '../support/sign-aws.ts';
import { type SpawnedServer, spawnServer } from '../support/spawn-server.ts';
import { pushImage } from './push-image.ts';
import { runLongshore, scratchDirectory } from './run-longshore.ts';

async function spawnWorkers(t: TestContext, flags: readonly string[] = []): Promise<SpawnedServer> {
  const server = await spawnServer({ flags: ['--workers', '3', '--log-format', 'json', ...flags] });
  t.after(() => server.stop());
  return server;
}

async function metric(server: SpawnedServer, name: string): Promise<number | undefined> {
  const { body } = await rawRequest(server.origin, 'GET', '/metrics');
  const line = body
    .toString()
    .split('\n')
    .find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{`));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

async function workersOf(server: SpawnedServer): Promise<number[]> {
  const children = await readFile(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8');
  return children.trim().split(' ').map(Number);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await holds().catch(() => false)) return;
    await sleep(50);
  }
  assert.fail(`never came true: ${what}`);
}

test('every process answers with what was pushed through any, and metrics and log are those of one server', async (t) => {
  const server = await spawnWorkers(t);
  const authorization = `Basic ${Buffer.from(`AWS:${await server.dockerToken()}`).toString('base64')}`;
  for (const tag of ['one', 'two', 'three']) {
    const { digest } = await pushImage(server, `app-${tag}`, tag);
    // A connection each, so that each process is asked.
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        rawRequest(server.origin, 'HEAD', `/v2/app-${tag}/manifests/${tag}`, { headers: { authorization } }),
      ),
    );
    assert.deepEqual([...new Set(answers.map(({ headers }) => headers['docker-content-digest']))], [digest]);
  }
  const put = 'longshore_request_duration_seconds_count{edge="oci",operation="PutManifest",status="201"}';
  assert.equal(await metric(server, put), 3);
  assert.equal(await metric(server, 'longshore_build_info'), 1);
  assert.equal(await metric(server, 'longshore_workers'), 3);
  assert.equal(await server.terminate(), 0);
  const lines = server.output().trim().split('\n');
  const messages = lines.map((line) => JSON.parse(line).msg);
  assert.ok(messages.filter((message) => message === 'request').length >= 21, messages.join());
  assert.deepEqual(
    messages.filter((message) => message !== 'request'),
    ['listening', 'ending: requests in flight may finish', 'ended'],
  );
});

test('a process that is killed is started again, and the others go on', { skip: noProc() }, async (t) => {
  const server = await spawnWorkers(t);
  const before = await workersOf(server);
  process.kill(before[0] as number, 'SIGKILL');
  await until('the restart is counted', async () => (await metric(server, 'longshore_worker_restarts_total')) === 1);
  await until('three serve again', async () => (await metric(server, 'longshore_workers')) === 3);
  const after = await workersOf(server);
  assert.equal(after.filter((pid) => before.includes(pid)).length, 2);
  assert.match(server.output(), /"how":"signal SIGKILL",[^\n]*a worker ended unasked and is started again/);
  await pushImage(server, 'app', 'one');
  assert.equal(await server.terminate(), 0);
});

test('no process is left when the first one is killed, and the data is free', { skip: noProc() }, async (t) => {
  const server = await spawnWorkers(t);
  const workers = await workersOf(server);
  await server.kill();
  await until('all are gone', async () => !workers.some((pid) => existsSync(`/proc/${pid}`)));
  const next = await spawnServer({ dataDirectory: server.dataDirectory });
  t.after(() => next.stop());
  await pushImage(next, 'app', 'one');
});

test('what keeps the processes from starting is told once and in words, with 1', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const data = await scratchDirectory(t);
  const taken = await runLongshore(['serve', '--workers', '2', '--listen', `127.0.0.1:${port}`, '--data', data]);
  assert.deepEqual(
    [taken.code, taken.stderr],
    [1, `127.0.0.1:${port} is in use by another program. Stop that, or choose another address with --listen.\n`],
  );
});

test('a request that is being worked on when the signal comes is answered, and new ones are while the end is delayed', async (t) => {
  const server = await spawnWorkers(t, ['--drain-delay', '700ms']);
  const body = JSON.stringify({ repositoryName: 'app' });
  const head = Object.entries(
    signAws(server, {
      host: `127.0.0.1:${server.port}`,
      service: 'ecr',
      region: server.region,
      body,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.CreateRepository',
        'content-length': String(body.length),
      },
    }),
  ).map(([name, value]) => `${name}: ${value}\r\n`);
  const begun = connect(server.port, '127.0.0.1');
  begun.write(`POST / HTTP/1.1\r\n${head.join('')}\r\n${body.slice(0, 5)}`);
  assert.equal((await rawRequest(server.origin, 'GET', '/readyz')).status, 200);
  const ended = server.terminate();
  await until('it says that it is not ready', async () => {
    const { status, headers } = await rawRequest(server.origin, 'GET', '/readyz');
    return status === 503 && headers['retry-after'] === '1';
  });
  assert.equal((await rawRequest(server.origin, 'GET', '/livez')).status, 200);
  const answered = text(begun);
  begun.write(body.slice(5));
  assert.match(await answered, /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n/i);
  assert.equal(await ended, 0);
});

function noProc(): string | false {
  return existsSync('/proc/self/task') ? false : 'processes are found through /proc';
}
