/** GET of a blob where the store gives out blobs itself: over real HTTP, with a client that follows. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { createMemoryEcr, type MemoryEcr } from '../../../tests/support/memory-ecr.ts';
import { memoryBlobs } from '../../adapters/blobs/memory-blobs.ts';
import type { StoredBlob } from '../../ports/blob-store.ts';
import { createEcrService, type EcrService } from '../../services/ecr/ecr-service.ts';
import { downloadPathPrefix, issueDownloadToken } from '../../services/ecr/layers/download-token.ts';
import type { RepositoryRef } from '../../services/ecr/repositories/repository-ref.ts';
import { Fault } from '../../services/fault.ts';
import type { AccessRecord, Exchange } from '../http/exchange.ts';
import { getBlob, headBlob } from './blobs.ts';
import { downloadLayer } from './downloads.ts';
import { sendFault } from './error-response.ts';
import type { OciRequest } from './oci-request.ts';

const expiresMs = 90_000;
const bytes = randomBytes(3000);
let memory: MemoryEcr;
let app: RepositoryRef;
let ecr: EcrService;
let digest: string;
let store: Server;
let registry: Server;
/** What the store was asked, and how the URLs were ordered. */
let storeRequests: string[] = [];
let ordered: string[] = [];

before(async () => {
  memory = await createMemoryEcr({ redirectBlobsMs: expiresMs });
  app = await memory.createRepository('app');
  store = await listen((request, response) => {
    storeRequests.push(
      `${request.method} ${request.headers.range ?? ''} ${request.headers.authorization ?? ''}`.trim(),
    );
    response.end(memory.objects.get(decodeURIComponent(String(request.url).slice(1)))?.bytes);
  });
  const presigned = ({ location }: StoredBlob, method: string, forMs: number) => {
    ordered.push(`${method} ${forMs}`);
    return `${originOf(store)}/${encodeURIComponent(location)}`;
  };
  const { metadata, clock, keys, settings } = memory.ecr;
  const blobs = { ...memory.ecr.blobs, presign: memoryBlobs(memory.objects, { presigned }).presign };
  ecr = createEcrService({ metadata, clock, keys, blobs }, settings);
  registry = await listen((request, response) => void answer(request, response));
});
after(async () => {
  for (const server of [store, registry]) {
    server.closeAllConnections();
    server.close();
  }
  await memory.close();
});
beforeEach(async () => {
  storeRequests = [];
  ordered = [];
  digest = await memory.pushLayer(app, bytes);
});

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '', query = ''] = String(request.url).split('?');
  const record = {} as AccessRecord;
  const exchange: Exchange = { request, response, requestId: 'test', path, query, record, acceptBody() {} };
  const target = path.slice(path.lastIndexOf('/') + 1);
  const given = { exchange, ecr, freshEcr: ecr, ref: app, target } as unknown as OciRequest;
  try {
    if (path.startsWith(downloadPathPrefix)) await downloadLayer(ecr, exchange, target);
    else await (request.method === 'HEAD' ? headBlob(given) : getBlob(given));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    sendFault(exchange, error);
  }
}

const ask = (headers: Record<string, string> = {}, options: RequestInit = {}) =>
  fetch(`${originOf(registry)}/v2/app/blobs/${digest}`, { headers, redirect: 'manual', ...options });

test('GET leads to the store, for as long as the settings say', async () => {
  const answered = await ask();
  assert.equal(answered.status, 307);
  assert.equal(answered.headers.get('docker-content-digest'), digest);
  assert.equal(answered.headers.get('etag'), `"${digest}"`);
  assert.equal(answered.headers.get('cache-control'), 'no-store');
  assert.equal(answered.headers.get('content-length'), '0');
  assert.deepEqual(ordered, [`GET ${expiresMs}`]);
  const followed = await ask({}, { redirect: 'follow' });
  assert.deepEqual(Buffer.from(await followed.arrayBuffer()), bytes);
});

test('a client repeats its Range at the store, but not its credentials', async () => {
  await ask({ range: 'bytes=5-9', authorization: 'Basic secret' }, { redirect: 'follow' });
  assert.deepEqual(storeRequests, ['GET bytes=5-9']);
});

test('HEAD and conditions are answered here', async () => {
  const head = await ask({}, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('content-length'), String(bytes.length));
  assert.equal(head.headers.get('docker-content-digest'), digest);
  assert.equal((await ask({ 'if-none-match': `"${digest}"` })).status, 304);
  assert.deepEqual([storeRequests, ordered], [[], []]);
});

test('download URLs lead to the store, too', async () => {
  const token = issueDownloadToken(ecr.keys, { ...app, digest, expiresAt: ecr.clock.now() + 1000 });
  const answered = await fetch(`${originOf(registry)}${downloadPathPrefix}${token}`, { redirect: 'manual' });
  assert.equal(answered.status, 307);
  const followed = await fetch(`${originOf(registry)}${downloadPathPrefix}${token}`);
  assert.deepEqual(Buffer.from(await followed.arrayBuffer()), bytes);
});

test('nobody is led to a damaged object: it is absent from then on, until it is pushed again', async () => {
  const location = [...memory.objects.keys()].find((name) => name.includes(digest.slice('sha256:'.length))) ?? '';
  memory.objects.set(location, { bytes: Buffer.alloc(bytes.length), version: -1, changedAt: 0 });
  assert.equal((await ask()).status, 404);
  assert.equal((await ask({}, { method: 'HEAD' })).status, 404);
  assert.deepEqual(ordered, []);
  await memory.pushLayer(app, bytes);
  assert.equal((await ask()).status, 307);
});

test('an object that only looks different is read once, and then led to', async () => {
  const location = [...memory.objects.keys()].find((name) => name.includes(digest.slice('sha256:'.length))) ?? '';
  memory.objects.set(location, { bytes: Buffer.from(bytes), version: -2, changedAt: 0 });
  assert.equal((await ask()).status, 307);
});

test('where the store has no URLs the bytes come from here', async () => {
  const { presign } = memory.ecr.blobs;
  const through = createEcrService({ ...ecr, blobs: { ...ecr.blobs, presign } }, ecr.settings);
  const before = ecr;
  ecr = through;
  try {
    const answered = await ask({ range: 'bytes=1-3' });
    assert.equal(answered.status, 206);
    assert.deepEqual(Buffer.from(await answered.arrayBuffer()), bytes.subarray(1, 4));
  } finally {
    ecr = before;
  }
});
