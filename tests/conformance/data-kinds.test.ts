/**
 * What the official conformance program does with each kind of data, done here: push in every way, list, HEAD, GET, referrers, and
 * delete everything again.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { jsonOf } from '../support/raw-request.ts';
import { pathOf } from '../support/registry-client.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { type DataKind, dataKinds, type PushedManifest } from './data-kinds.ts';
import { type Bench, openBench, withDigest } from './requirement.ts';

/** The ways to push a blob, used in turn. */
const ways: readonly ((bench: Bench, repository: string, digest: string, bytes: Buffer) => Promise<unknown>)[] = [
  (bench, repository, digest, body) =>
    bench.expect(201, 'POST', withDigest(`/v2/${repository}/blobs/uploads/`, digest), { body }),
  async (bench, repository, digest, body) =>
    bench.expect(201, 'PUT', withDigest(await bench.startUpload(repository), digest), { body }),
  async (bench, repository, digest, body) => {
    const location = await bench.startUpload(repository);
    const streamed = await bench.expect(202, 'PATCH', location, { headers: { 'transfer-encoding': 'chunked' }, body });
    await bench.expect(201, 'PUT', withDigest(pathOf(streamed, bench.server.origin), digest));
  },
  async (bench, repository, digest, bytes) => {
    let location = await bench.startUpload(repository);
    const size = Math.ceil(bytes.length / 3);
    for (let first = 0; first < bytes.length; first += size) {
      const body = bytes.subarray(first, first + size);
      const headers = { 'content-range': `${first}-${first + body.length - 1}` };
      location = pathOf(await bench.expect(202, 'PATCH', location, { headers, body }), bench.server.origin);
    }
    await bench.expect(201, 'PUT', withDigest(location, digest));
  },
];

async function pushManifest(bench: Bench, repository: string, manifest: PushedManifest): Promise<void> {
  const { digest, mediaType, bytes, tags, tagParameters } = manifest;
  const query = tagParameters ? `?${tags.map((tag) => `tag=${tag}`).join('&')}` : '';
  const paths = [`${digest}${query}`, ...(tagParameters ? [] : tags)];
  for (const path of paths) {
    const request = { headers: { 'content-type': mediaType }, body: bytes };
    const { headers } = await bench.expect(201, 'PUT', `/v2/${repository}/manifests/${path}`, request);
    assert.equal(headers['docker-content-digest'], digest);
    assert.equal(headers['oci-subject'], manifest.refersTo?.subject);
    if (tagParameters) assert.deepEqual(String(headers['oci-tag']).split(', '), tags);
  }
}

async function checkContent(bench: Bench, path: string, bytes: Buffer, digest: string, type: string): Promise<void> {
  for (const method of ['HEAD', 'GET']) {
    const { headers, body } = await bench.expect(200, method, path);
    assert.equal(headers['content-length'], String(bytes.length));
    assert.equal(headers['docker-content-digest'], digest);
    assert.equal(headers['content-type'], type);
    if (method === 'GET') assert.deepEqual(body, bytes);
  }
}

async function checkReferrers(bench: Bench, repository: string, manifest: PushedManifest): Promise<void> {
  const { refersTo } = manifest;
  if (refersTo === undefined) return;
  const { subject, ...rest } = refersTo;
  const filter = `?artifactType=${encodeURIComponent(rest.artifactType ?? '')}`;
  for (const query of ['', filter]) {
    const reply = await bench.expect(200, 'GET', `/v2/${repository}/referrers/${subject}${query}`);
    const { manifests } = jsonOf(reply) as { manifests: { digest: string; artifactType?: string }[] };
    const { digest, mediaType, bytes } = manifest;
    const found = manifests.find((descriptor) => descriptor.digest === digest);
    assert.deepEqual(found, { mediaType, digest, size: bytes.length, ...rest });
    if (query !== '') assert.ok(manifests.every((descriptor) => descriptor.artifactType === rest.artifactType));
  }
}

function blobOf(kind: string) {
  const blob = dataKinds.find(({ name }) => name === kind)?.blobs[0];
  assert.ok(blob);
  return blob;
}

async function deleteAll(bench: Bench, repository: string, kind: DataKind): Promise<void> {
  const gone = async (path: string) => bench.expect(404, 'HEAD', path);
  for (const manifest of kind.manifests) {
    for (const tag of manifest.tags) {
      await bench.expect(202, 'DELETE', `/v2/${repository}/manifests/${tag}`);
      await gone(`/v2/${repository}/manifests/${tag}`);
    }
  }
  for (const { digest } of [...kind.manifests].reverse()) {
    const path = `/v2/${repository}/manifests/${digest}`;
    // With its last tag the image itself went, as on ECR, unless an index listed it.
    const { status } = await bench.request('DELETE', path);
    assert.ok(status === 202 || status === 404, `${status}`);
    await gone(path);
  }
  for (const digest of new Set(kind.blobs.map((blob) => blob.digest))) {
    await bench.expect(202, 'DELETE', `/v2/${repository}/blobs/${digest}`);
    await gone(`/v2/${repository}/blobs/${digest}`);
  }
}

describe('data kinds of the conformance program', () => {
  let server: TestServer;
  let bench: Bench;
  before(async () => {
    server = await startServer();
    bench = openBench(server);
  });
  after(() => server?.stop());

  for (const kind of dataKinds) {
    test(kind.name, async () => {
      const repository = await bench.newRepository();
      for (const [at, { digest, bytes }] of kind.blobs.entries()) {
        await ways[at % ways.length]?.(bench, repository, digest, bytes);
      }
      for (const manifest of kind.manifests) await pushManifest(bench, repository, manifest);

      const { tags } = jsonOf(await bench.expect(200, 'GET', `/v2/${repository}/tags/list`)) as { tags: string[] };
      assert.deepEqual([...tags].sort(), kind.manifests.flatMap((manifest) => manifest.tags).sort());
      for (const manifest of kind.manifests) {
        for (const reference of [manifest.digest, ...manifest.tags]) {
          const path = `/v2/${repository}/manifests/${reference}`;
          await checkContent(bench, path, manifest.bytes, manifest.digest, manifest.mediaType);
        }
        await checkReferrers(bench, repository, manifest);
      }
      for (const { digest, bytes } of kind.blobs) {
        await checkContent(bench, `/v2/${repository}/blobs/${digest}`, bytes, digest, 'application/octet-stream');
      }
      await deleteAll(bench, repository, kind);
    });
  }

  test('blobs of either algorithm can be pushed in every way', async () => {
    const repository = await bench.newRepository();
    for (const blob of ['image', 'sha512'].map((name) => blobOf(name))) {
      for (const push of ways) {
        await push(bench, repository, blob.digest, blob.bytes);
        const path = `/v2/${repository}/blobs/${blob.digest}`;
        await checkContent(bench, path, blob.bytes, blob.digest, 'application/octet-stream');
        await bench.expect(202, 'DELETE', path);
      }
    }
  });
});
