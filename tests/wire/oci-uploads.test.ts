/** Uploads where the network or the client misbehaves: refused before the body, broken off, gone on with after a restart. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { callEcr } from '../support/call-ecr.ts';
import { sha256Of } from '../support/make-image.ts';
import { basicAuthorization, pathOf, type RegistryClient, registryClient } from '../support/registry-client.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

let dataDirectory: string;
let server: TestServer;
let client: RegistryClient;

async function start(): Promise<void> {
  server = await startServer({ dataDirectory });
  client = registryClient({ origin: server.origin, token: server.dockerToken() });
}

before(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'longshore-uploads-'));
  await start();
  await callEcr(server.origin, server, 'CreateRepository', { repositoryName: 'app' });
});
after(async () => {
  await server?.stop();
  await rm(dataDirectory, { recursive: true, force: true });
});

const startUpload = async () => pathOf(await client.request('POST', '/v2/app/blobs/uploads/'), server.origin);

/** Sends only the head of a request with `Expect: 100-continue`; answers whether the server asked for the body, and its status. */
function expectContinue(method: string, path: string, headers: Record<string, string>) {
  return new Promise<{ asked: boolean; status: number | undefined }>((resolve, reject) => {
    const request = httpRequest(server.origin + path, {
      method,
      headers: { authorization: basicAuthorization(server.dockerToken()), expect: '100-continue', ...headers },
    });
    request.on('continue', () => {
      resolve({ asked: true, status: undefined });
      request.destroy();
    });
    request.on('response', (response) => {
      response.resume();
      resolve({ asked: false, status: response.statusCode });
    });
    request.on('error', reject);
    request.flushHeaders();
  });
}

/** Sends part of a body and, after a pause, breaks the connection. */
function breakOff(method: string, path: string, length: number, sent: Buffer, pauseMs = 0) {
  return new Promise<void>((resolve) => {
    const request = httpRequest(server.origin + path, {
      method,
      headers: { authorization: basicAuthorization(server.dockerToken()), 'content-length': length },
    });
    request.on('error', () => resolve());
    request.on('close', () => resolve());
    // Once it is written, the system delivers it before the end of the connection.
    request.write(sent, () => setTimeout(() => request.destroy(), pauseMs));
  });
}

/** Asks for the upload until it stands where it should; a broken-off request is noticed a little later. */
async function untilReceived(location: string, range: string): Promise<void> {
  assert.ok(await comesToStand(location, range), `the upload never stood at ${range}`);
}

async function comesToStand(location: string, range: string): Promise<boolean> {
  for (let tries = 0; tries < 200; tries++) {
    const { headers } = await client.request('GET', location);
    if (headers.range === range) return true;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return false;
}

/** An upload whose first PATCH broke off. A server that had not begun to read when the client went has nothing to keep; then the client waits longer. */
async function startBrokenOff(length: number, sent: Buffer): Promise<string> {
  for (const pauseMs of [0, 500, 5_000]) {
    const location = await startUpload();
    await breakOff('PATCH', location, length, sent, pauseMs);
    if (await comesToStand(location, `0-${sent.length - 1}`)) return location;
  }
  assert.fail('nothing was kept of a PATCH that broke off');
}

test('a body that will be refused is never asked for', async () => {
  const location = await startUpload();
  const digest = sha256Of(Buffer.from('x'));
  const length = { 'content-length': '1000000' };
  const refused: readonly [method: string, path: string, headers: Record<string, string>, status: number][] = [
    ['PATCH', '/v2/app/blobs/uploads/00000000-0000-4000-8000-000000000000', length, 404],
    ['PATCH', '/v2/absent/blobs/uploads/x', length, 404],
    ['PATCH', '/v2/Not-A-Name/blobs/uploads/x', length, 400],
    ['PATCH', location, { ...length, 'content-range': '5-1000004' }, 416],
    ['PATCH', location, { ...length, 'content-range': '0-5' }, 400],
    ['PUT', location, length, 400],
    ['PUT', `${location}?digest=sha256:x`, length, 400],
    ['POST', `/v2/absent/blobs/uploads/?digest=${digest}`, length, 404],
    ['POST', '/v2/app/blobs/uploads/?digest=md5:x', length, 400],
    ['PUT', '/v2/app/manifests/v1', { 'content-length': '999999999' }, 413],
    ['PUT', '/v2/app/manifests/-bad', length, 400],
    ['PUT', '/v2/absent/manifests/v1', length, 404],
    ['PATCH', location, { ...length, authorization: 'Basic x' }, 400],
  ];
  for (const [method, path, headers, status] of refused) {
    assert.deepEqual(await expectContinue(method, path, headers), { asked: false, status }, `${method} ${path}`);
  }
  assert.deepEqual(await expectContinue('PATCH', location, length), { asked: true, status: undefined });
});

test('what came of a broken-off PATCH is kept and can be gone on with, also after a restart', async () => {
  const bytes = randomBytes(300_000);
  const location = await startBrokenOff(bytes.length, bytes.subarray(0, 100_000));
  const headers = { 'content-range': '100000-199999' };
  assert.equal(
    (await client.request('PATCH', location, { headers, body: bytes.subarray(100_000, 200_000) })).status,
    202,
  );

  await server.stop();
  await start();
  await untilReceived(location, '0-199999');
  const digest = sha256Of(bytes);
  const closed = await client.request('PUT', `${location}?digest=${digest}`, { body: bytes.subarray(200_000) });
  assert.equal(closed.status, 201);
  assert.deepEqual((await client.getBlob('app', digest)).body, bytes);
});

test('a closing PUT that breaks off changes nothing, and can be repeated', async () => {
  const bytes = randomBytes(200_000);
  const digest = sha256Of(bytes);
  const location = await startUpload();
  await client.request('PATCH', location, { body: bytes.subarray(0, 50_000) });
  await breakOff('PUT', `${location}?digest=${digest}`, 150_000, bytes.subarray(50_000, 90_000));
  await untilReceived(location, '0-49999');
  assert.equal((await client.getBlob('app', digest)).status, 404);
  const closed = await client.request('PUT', `${location}?digest=${digest}`, { body: bytes.subarray(50_000) });
  assert.equal(closed.status, 201);
});

test('a single POST that breaks off leaves nothing behind', async () => {
  const bytes = randomBytes(200_000);
  const digest = sha256Of(bytes);
  await breakOff('POST', `/v2/app/blobs/uploads/?digest=${digest}`, bytes.length, bytes.subarray(0, 100_000));
  assert.equal((await client.getBlob('app', digest)).status, 404);
  const posted = await client.request('POST', `/v2/app/blobs/uploads/?digest=${digest}`, { body: bytes });
  assert.equal(posted.status, 201);
});

test('two requests can not write to one upload at once', async () => {
  const location = await startUpload();
  const body = randomBytes(2_000_000);
  const send = () => client.request('PATCH', location, { headers: { 'content-range': `0-${body.length - 1}` }, body });
  const statuses = (await Promise.all([send(), send(), send()])).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [202, 416, 416]);
  assert.equal((await client.request('PUT', `${location}?digest=${sha256Of(body)}`)).status, 201);
});

test('pushing what is there already succeeds', async () => {
  const bytes = randomBytes(1000);
  for (let times = 0; times < 3; times++) assert.equal((await client.pushBlob('app', bytes)).status, 201);
});
