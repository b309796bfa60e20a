/** A server in front of a layer store that is not its own, or not there: it refuses to start, or answers 503; nothing is taken for lost. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { callEcr } from '../support/call-ecr.ts';
import { makeImage } from '../support/make-image.ts';
import { rawRequest } from '../support/raw-request.ts';
import { registryClient } from '../support/registry-client.ts';
import { requestS3 } from '../support/request-s3.ts';
import { freshPrefix, useS3Server, whyNoS3 } from '../support/s3-server.ts';
import { type Settings, startServer, type TestServer } from '../support/start-server.ts';
import { sqliteAndFiles } from '../support/test-stores.ts';

const image = makeImage({ seed: 'mark' });
const layer = `/v2/app/blobs/${image.config.digest}`;
const damaged = ({ app }: TestServer) => app.ports.metadata.read((tx) => tx.blobs.countDamaged());
const clientOf = (server: TestServer) => registryClient({ origin: server.origin, token: server.dockerToken() });

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'longshore-mark-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

function serve(dataDirectory: string, settings: Settings = {}): Promise<TestServer> {
  return startServer({ stores: sqliteAndFiles, dataDirectory, settings });
}

/** Starts a server, pushes the image, stops it. */
async function fill(data: string, settings?: Settings): Promise<void> {
  const server = await serve(data, settings);
  try {
    await callEcr(server.origin, server, 'CreateRepository', { repositoryName: 'app' });
    await clientOf(server).pushImage('app', image, 'v1');
  } finally {
    await server.stop();
  }
}

async function assertWhole(data: string, settings?: Settings): Promise<void> {
  const server = await serve(data, settings);
  try {
    await clientOf(server).checkImage('app', 'v1');
    assert.equal(await damaged(server), 0);
  } finally {
    await server.stop();
  }
}

describe('layers in files', () => {
  test('an empty directory in their place is refused at start, and they are served once they are back', async (t) => {
    const data = await directory(t);
    await fill(data);
    await rename(join(data, 'blobs'), join(data, 'away'));
    await assert.rejects(serve(data), { name: 'OtherLayerStore', message: /not mounted/ });
    await mkdir(join(data, 'blobs'), { recursive: true });
    await assert.rejects(serve(data), { name: 'OtherLayerStore' });
    await rm(join(data, 'blobs'), { recursive: true });
    await rename(join(data, 'away'), join(data, 'blobs'));
    await assertWhole(data);
  });

  test('layers that are lost for good are healed by pushes, when the operator says so as the message tells', async (t) => {
    const data = await directory(t);
    await fill(data);
    await rm(join(data, 'blobs'), { recursive: true });
    const { message } = await serve(data).then(
      () => assert.fail('it started'),
      (error: Error) => error,
    );
    const [, id = '', path = ''] = /put the text (\S+) into (\S+);/.exec(message) ?? assert.fail(message);
    await writeFile(path, `${id}\n`);
    const server = await serve(data);
    t.after(() => server.stop());
    const client = clientOf(server);
    assert.equal((await client.request('HEAD', layer)).status, 404);
    await client.pushImage('app', image, 'v1');
    await client.checkImage('app', 'v1');
  });

  test('a mark that alone is gone is left again', async (t) => {
    const data = await directory(t);
    await fill(data);
    const mark = join(data, 'blobs', 'installation');
    const before = await readFile(mark, 'utf8');
    await rm(mark);
    await assertWhole(data);
    assert.equal(await readFile(mark, 'utf8'), before);
  });

  test('a disk that goes away while it is served: 503 and not ready, and all is well when it is back', async (t) => {
    const data = await directory(t);
    await fill(data);
    const server = await serve(data);
    t.after(() => server.stop());
    const client = clientOf(server);
    await rename(join(data, 'blobs'), join(data, 'away'));
    await mkdir(join(data, 'blobs'));
    for (const headers of [{}, { range: 'bytes=0-3' }]) {
      assert.equal((await client.request('GET', layer, { headers })).status, 503);
    }
    assert.equal((await client.request('HEAD', layer)).status, 503);
    assert.equal((await client.pushBlob('app', Buffer.from('a new layer'))).status, 503);
    assert.equal((await rawRequest(server.origin, 'GET', '/readyz')).status, 503);
    assert.equal(await damaged(server), 0);
    await rm(join(data, 'blobs'), { recursive: true });
    await rename(join(data, 'away'), join(data, 'blobs'));
    while ((await rawRequest(server.origin, 'GET', '/readyz')).status !== 200) await sleep(50);
    await client.checkImage('app', 'v1');
  });
});

describe('layers in a store', { skip: whyNoS3() ?? false }, () => {
  test('another prefix is refused, one that is emptied answers 503, and a lost object alone is lost', async (t) => {
    const s3 = await useS3Server();
    t.after(() => s3.stop());
    const at = (prefix: string) => ({
      blobs: `s3://${s3.bucket}/${prefix}`,
      s3Endpoint: s3.endpoint,
      s3Region: s3.region,
      s3AccessKeyId: s3.accessKeyId,
      s3SecretAccessKey: s3.secretAccessKey,
      blobDelivery: 'proxy' as const,
    });
    const [one, two] = [await directory(t), await directory(t)];
    const [ours, theirs, nobodys] = [freshPrefix(), freshPrefix(), freshPrefix()];
    await fill(one, at(ours));
    await fill(two, at(theirs));
    await assert.rejects(serve(one, at(theirs)), { name: 'OtherLayerStore', message: /another installation/ });
    await assert.rejects(serve(one, at(nobodys)), { name: 'OtherLayerStore', message: /neither the mark/ });
    await assert.rejects(serve(one), { name: 'OtherLayerStore' }, 'files instead of the bucket');
    await assertWhole(one, at(ours));

    const server = await serve(one, at(ours));
    t.after(() => server.stop());
    const client = clientOf(server);
    const objects: string[] = [];
    for await (const slice of server.app.ports.blobs.listObjects())
      objects.push(...slice.map(({ name }) => `/${ours}${name}`));
    const [first, ...others] = objects;
    await requestS3(s3, 'DELETE', String(first));
    for (const { digest } of [image.config, ...image.layers]) await client.request('HEAD', `/v2/app/blobs/${digest}`);
    assert.equal(await damaged(server), 1);
    for (const path of [`/${ours}installation`, ...others]) await requestS3(s3, 'DELETE', path);
    const statuses = await Promise.all(
      [image.config, ...image.layers].map(({ digest }) => client.request('GET', `/v2/app/blobs/${digest}`)),
    );
    assert.deepEqual(statuses.map(({ status }) => status).sort(), [404, ...others.map(() => 503)]);
    assert.equal(await damaged(server), 1);
  });
});
