/** Pulling with conditions, ranges and download URLs, and what one edge writes the other reads at once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { callEcr } from '../support/call-ecr.ts';
import { makeImage, makeIndex, sha256Of } from '../support/make-image.ts';
import { jsonOf, rawRequest } from '../support/raw-request.ts';
import { type RegistryClient, registryClient } from '../support/registry-client.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const clock = { time: Date.now(), now: () => clock.time };
const image = makeImage({ seed: 'pull' });

let server: TestServer;
let client: RegistryClient;
before(async () => {
  server = await startServer({ clock });
  client = registryClient({ origin: server.origin, token: server.dockerToken() });
  await ecr('CreateRepository', { repositoryName: 'app' });
  await client.pushImage('app', image, 'v1');
});
after(() => server?.stop());

const ecr = <Output>(operation: string, input: unknown): Promise<Output> =>
  callEcr<Output>(server.origin, server, operation, input, { date: new Date(clock.time) });

test('ETag is the quoted digest, and If-None-Match with it saves the bytes', async () => {
  const paths = [`manifests/v1`, `manifests/${image.digest}`, `blobs/${image.config.digest}`];
  for (const path of paths) {
    for (const method of ['GET', 'HEAD']) {
      const plain = await client.request(method, `/v2/app/${path}`);
      const etag = String(plain.headers.etag);
      assert.equal(etag, `"${plain.headers['docker-content-digest']}"`);
      for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const reply = await client.request(method, `/v2/app/${path}`, { headers: { 'if-none-match': tag } });
        assert.equal(reply.status, 304);
        assert.equal(reply.body.length, 0);
        assert.equal(reply.headers.etag, etag);
        assert.equal(reply.headers['content-length'], undefined);
      }
      const other = await client.request(method, `/v2/app/${path}`, { headers: { 'if-none-match': '"other"' } });
      assert.equal(other.status, 200);
    }
  }
});

test('If-None-Match does not make an absent blob present', async () => {
  const path = `/v2/app/blobs/${sha256Of(Buffer.from('absent'))}`;
  assert.equal((await client.request('GET', path, { headers: { 'if-none-match': '*' } })).status, 404);
});

test('a Range is heeded only while If-Range still holds', async () => {
  const { digest, bytes } = image.config;
  const get = (ifRange: string) =>
    client.request('GET', `/v2/app/blobs/${digest}`, { headers: { range: 'bytes=1-3', 'if-range': ifRange } });
  const held = await get(`"${digest}"`);
  assert.equal(held.status, 206);
  assert.deepEqual(held.body, bytes.subarray(1, 4));
  for (const ifRange of ['"other"', 'Wed, 21 Oct 2015 07:28:00 GMT']) {
    const whole = await get(ifRange);
    assert.equal(whole.status, 200);
    assert.deepEqual(whole.body, bytes);
  }
});

test('a cached answer never outlives what it shows: moved tags and deleted images are seen at once', async () => {
  const other = makeImage({ seed: 'moved' });
  await client.pushImage('app', image, 'moving');
  assert.equal((await client.getManifest('app', 'moving')).headers['docker-content-digest'], image.digest);
  await client.pushImage('app', other, 'moving');
  assert.deepEqual((await client.getManifest('app', 'moving')).body, other.bytes);
  await client.request('DELETE', `/v2/app/manifests/${other.digest}`);
  assert.equal((await client.getManifest('app', 'moving')).status, 404);
  assert.equal((await client.getManifest('app', other.digest)).status, 404);
});

test('PutImage, then a pull; a push, then DescribeImages', async () => {
  const retagged = { repositoryName: 'app', imageManifest: image.bytes.toString(), imageTag: 'from-api' };
  await ecr('PutImage', retagged);
  const pulled = await client.getManifest('app', 'from-api');
  assert.deepEqual(pulled.body, image.bytes);
  assert.equal(pulled.headers['content-type'], image.mediaType);

  const index = makeIndex({ seed: 'described' });
  const pushedAt = clock.time;
  await client.pushImage('app', index, 'described');
  const { imageDetails } = await ecr<{ imageDetails: Record<string, unknown>[] }>('DescribeImages', {
    repositoryName: 'app',
    imageIds: [{ imageTag: 'described' }],
  });
  assert.equal(imageDetails.length, 1);
  assert.equal(imageDetails[0]?.imageDigest, index.digest);
  assert.equal(imageDetails[0]?.imageManifestMediaType, index.mediaType);
  assert.equal(imageDetails[0]?.imagePushedAt, pushedAt / 1000);
});

test('a pull is remembered as lastRecordedPullTime; a HEAD is none', async () => {
  const pulled = makeImage({ seed: 'pull time' });
  await client.pushImage('app', pulled, 'pull-time');
  const lastPull = async () => {
    const { imageDetails } = await ecr<{ imageDetails: { lastRecordedPullTime?: number }[] }>('DescribeImages', {
      repositoryName: 'app',
      imageIds: [{ imageTag: 'pull-time' }],
    });
    return imageDetails[0]?.lastRecordedPullTime;
  };
  await client.request('HEAD', '/v2/app/manifests/pull-time');
  assert.equal(await lastPull(), undefined);
  clock.time += 5000;
  await client.getManifest('app', 'pull-time');
  assert.equal(await lastPull(), clock.time / 1000);
});

test('a download URL needs no credentials, knows ranges, and ends after an hour', async () => {
  const { digest, bytes } = image.config;
  const answer = await ecr<{ downloadUrl: string }>('GetDownloadUrlForLayer', {
    repositoryName: 'app',
    layerDigest: digest,
  });
  const path = new URL(answer.downloadUrl).pathname;
  const get = (method = 'GET', headers = {}) => rawRequest(server.origin, method, path, { headers });
  assert.deepEqual((await get()).body, bytes);
  assert.equal((await get('HEAD')).headers['content-length'], String(bytes.length));
  const part = await get('GET', { range: 'bytes=2-' });
  assert.equal(part.status, 206);
  assert.deepEqual(part.body, bytes.subarray(2));
  assert.equal((await get('PUT')).status, 405);
  const altered = `${path.slice(0, -1)}${path.endsWith('A') ? 'B' : 'A'}`;
  assert.equal((await rawRequest(server.origin, 'GET', altered)).status, 403);
  clock.time += 61 * 60 * 1000;
  assert.equal((await get()).status, 403);
});

test('the catalog lists the repositories of the registry in order, in pages', async () => {
  for (const repositoryName of ['zeta', 'b/c', 'b'])
    await ecr('CreateRepository', { repositoryName: `catalog/${repositoryName}` });
  const page = async (path: string) => {
    const reply = await client.request('GET', path);
    assert.equal(reply.status, 200);
    const { repositories } = jsonOf(reply) as { repositories: string[] };
    return { repositories, next: /^<([^>]+)>; rel="next"$/.exec(String(reply.headers.link ?? ''))?.[1] };
  };
  const all = ['app', 'catalog/b', 'catalog/b/c', 'catalog/zeta'];
  assert.deepEqual(await page('/v2/_catalog'), { repositories: all, next: undefined });
  const first = await page('/v2/_catalog?n=3');
  assert.deepEqual(first.repositories, all.slice(0, 3));
  assert.deepEqual((await page(first.next ?? assert.fail('no Link'))).repositories, all.slice(3));
  assert.deepEqual(await page('/v2/_catalog?n=0'), { repositories: [], next: undefined });
  assert.deepEqual((await page('/v2/_catalog?last=catalog/b')).repositories, ['catalog/b/c', 'catalog/zeta']);
});

test('what an endpoint does not do is answered with 405 and the methods it has', async () => {
  for (const [method, path, allow] of [
    ['POST', '/v2/app/manifests/v1', 'GET, HEAD, PUT, DELETE'],
    ['PUT', '/v2/app/tags/list', 'GET, HEAD'],
    ['DELETE', '/v2/', 'GET, HEAD'],
    ['GET', '/v2/app/blobs/uploads/', 'POST'],
  ] as const) {
    const reply = await client.request(method, path);
    assert.equal(reply.status, 405);
    assert.equal(reply.headers.allow, allow);
  }
});
