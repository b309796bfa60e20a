/** How layers in an S3-compatible store reach clients: led there by a presigned URL, or through the server; the same bytes and headers both ways. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { callEcr } from '../support/call-ecr.ts';
import { makeImage } from '../support/make-image.ts';
import { type Reply, rawRequest } from '../support/raw-request.ts';
import { type RegistryClient, registryClient } from '../support/registry-client.ts';
import { requestS3, type S3Server } from '../support/request-s3.ts';
import { freshPrefix, useS3Server, whyNoS3 } from '../support/s3-server.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { sqliteAndFiles } from '../support/test-stores.ts';

const image = makeImage({ seed: 'delivery' });
const { bytes, digest } = image.config;

describe('layers in a store', { skip: whyNoS3() ?? false }, () => {
  let s3: S3Server;
  const prefix = freshPrefix();
  const servers: TestServer[] = [];

  before(async () => {
    s3 = await useS3Server();
  });
  after(async () => {
    for (const server of servers) await server.stop();
    await s3?.stop();
  });

  /** A server that delivers so, with the image pushed. */
  async function serve(blobDelivery: 'redirect' | 'proxy'): Promise<{ client: RegistryClient; server: TestServer }> {
    const settings = {
      blobs: `s3://${s3.bucket}/${prefix}${blobDelivery}`,
      s3Endpoint: s3.endpoint,
      s3Region: s3.region,
      s3AccessKeyId: s3.accessKeyId,
      s3SecretAccessKey: s3.secretAccessKey,
      blobDelivery,
    };
    const server = await startServer({ stores: sqliteAndFiles, settings });
    servers.push(server);
    await callEcr(server.origin, server, 'CreateRepository', { repositoryName: 'app' });
    const client = registryClient({ origin: server.origin, token: server.dockerToken() });
    await client.pushImage('app', image, 'v1');
    return { client, server };
  }

  const path = `/v2/app/blobs/${digest}`;

  /** Goes where the answer leads, as clients do: with the same Range, without credentials. */
  async function follow(reply: Reply, headers: Record<string, string> = {}): Promise<Reply> {
    if (reply.status !== 307) return reply;
    const url = new URL(String(reply.headers.location));
    return rawRequest(url.origin, 'GET', url.pathname + url.search, { headers });
  }

  for (const delivery of ['redirect', 'proxy'] as const) {
    test(`reach clients by ${delivery}: whole, in ranges, or not at all when they are damaged`, async () => {
      const { client, server } = await serve(delivery);
      const plain = await client.request('GET', path);
      assert.equal(plain.status, delivery === 'redirect' ? 307 : 200);
      assert.equal(plain.headers['docker-content-digest'], digest);
      assert.equal(plain.headers.etag, `"${digest}"`);
      assert.deepEqual((await follow(plain)).body, bytes);
      assert.equal((await follow(plain)).headers['content-type'], 'application/octet-stream');

      for (const [range, status, expected] of [
        ['bytes=0-0', 206, bytes.subarray(0, 1)],
        ['bytes=3-9', 206, bytes.subarray(3, 10)],
        [`bytes=${bytes.length - 2}-`, 206, bytes.subarray(-2)],
        ['bytes=-4', 206, bytes.subarray(-4)],
        [`bytes=${bytes.length}-`, 416, undefined],
      ] as const) {
        const reply = await follow(await client.request('GET', path, { headers: { range } }), { range });
        assert.equal(reply.status, status, range);
        if (expected !== undefined) assert.deepEqual(reply.body, expected, range);
      }

      const head = await client.request('HEAD', path);
      assert.equal(head.status, 200);
      assert.equal(head.headers['content-length'], String(bytes.length));
      const known = await client.request('GET', path, { headers: { 'if-none-match': `"${digest}"` } });
      assert.equal(known.status, 304);

      const input = { repositoryName: 'app', layerDigest: digest };
      const { downloadUrl } = await callEcr<{ downloadUrl: string }>(
        server.origin,
        server,
        'GetDownloadUrlForLayer',
        input,
      );
      assert.deepEqual(
        (await follow(await rawRequest(server.origin, 'GET', new URL(downloadUrl).pathname))).body,
        bytes,
      );

      await damageObjects(delivery);
      // HEAD first: a GET through the server sends all but the last block before it can know, and then cuts the connection.
      for (const method of ['HEAD', 'GET']) assert.equal((await client.request(method, path)).status, 404);
      assert.equal((await client.pushBlob('app', bytes)).status, 201);
      assert.deepEqual((await follow(await client.request('GET', path))).body, bytes);
    });
  }

  /** Writes other bytes of the same size over every object that holds the blob. */
  async function damageObjects(delivery: string): Promise<void> {
    const listed = await requestS3(s3, 'GET', `?prefix=${encodeURIComponent(`${prefix}${delivery}/`)}`);
    const keys = [...listed.text.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key]) => `/${key}`);
    let damaged = 0;
    for (const key of keys) {
      const object = await requestS3(s3, 'GET', key);
      if (!object.bytes.equals(bytes)) continue;
      await requestS3(s3, 'PUT', key, Buffer.alloc(bytes.length, 'x'));
      damaged += 1;
    }
    assert.equal(damaged, 1);
  }
});
