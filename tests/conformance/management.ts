/** Requirements of the chapters "Content Management" and "Error Codes". */
import assert from 'node:assert/strict';
import { makeImage, makeIndex, sha256Of } from '../support/make-image.ts';
import { jsonOf } from '../support/raw-request.ts';
import { registryClient } from '../support/registry-client.ts';
import { assertError, newBytes, type Requirement } from './requirement.ts';

const specifiedCodes = new Set([
  ...['BLOB_UNKNOWN', 'BLOB_UPLOAD_INVALID', 'BLOB_UPLOAD_UNKNOWN', 'DIGEST_INVALID', 'MANIFEST_BLOB_UNKNOWN'],
  ...['MANIFEST_INVALID', 'MANIFEST_UNKNOWN', 'NAME_INVALID', 'NAME_UNKNOWN', 'SIZE_INVALID', 'UNAUTHORIZED'],
  ...['DENIED', 'UNSUPPORTED', 'TOOMANYREQUESTS'],
]);

export const management: readonly Requirement[] = [
  {
    section: 'Deleting tags',
    level: 'MUST',
    text: 'DELETE of a tag answers 202; the tag is gone at once, other tags of the image stay',
    prove: async ({ newRepository, pushImage, expect }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'tags' });
      await pushImage(repository, image, 'one');
      await pushImage(repository, image, 'two');
      await expect(202, 'DELETE', `/v2/${repository}/manifests/one`);
      await expect(404, 'GET', `/v2/${repository}/manifests/one`);
      await expect(200, 'GET', `/v2/${repository}/manifests/two`);
      await expect(404, 'DELETE', `/v2/${repository}/manifests/one`);
    },
  },
  {
    section: 'Deleting tags',
    level: 'MUST',
    text: 'the last tag of a manifest that an index lists can be deleted; the manifest stays',
    prove: async ({ newRepository, pushImage, pushManifest, expect }) => {
      const repository = await newRepository();
      const index = makeIndex({ seed: 'child tag' });
      const child = index.images[0] as (typeof index.images)[number];
      await pushImage(repository, index, 'index');
      await pushManifest(repository, 'child', child.bytes, child.mediaType);
      await expect(202, 'DELETE', `/v2/${repository}/manifests/child`);
      await expect(404, 'GET', `/v2/${repository}/manifests/child`);
      await expect(200, 'GET', `/v2/${repository}/manifests/${child.digest}`);
    },
  },
  {
    section: 'Deleting Manifests',
    level: 'MUST',
    text: 'DELETE by digest answers 202; digest and every tag of it are 404 from then on',
    prove: async ({ newRepository, pushImage, expect }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'digest' });
      await pushImage(repository, image, 'one');
      await pushImage(repository, image, 'two');
      await expect(202, 'DELETE', `/v2/${repository}/manifests/${image.digest}`);
      for (const reference of ['one', 'two', image.digest]) {
        await expect(404, 'GET', `/v2/${repository}/manifests/${reference}`);
        await expect(404, 'HEAD', `/v2/${repository}/manifests/${reference}`);
      }
      await expect(404, 'DELETE', `/v2/${repository}/manifests/${image.digest}`);
    },
  },
  {
    section: 'Deleting Manifests',
    level: 'MUST',
    text: 'DELETE in a repository that does not exist is answered with 404',
    prove: async ({ request }) => {
      const digest = sha256Of(Buffer.from('x'));
      assertError(await request('DELETE', `/v2/nobody/made/this/manifests/${digest}`), 404, 'NAME_UNKNOWN');
      assertError(await request('DELETE', '/v2/nobody/made/this/manifests/tag'), 404, 'NAME_UNKNOWN');
    },
  },
  {
    section: 'Deleting Blobs',
    level: 'MUST',
    text: 'DELETE of a blob answers 202 and the blob is 404 from then on; one that is not there is 404',
    prove: async ({ newRepository, pushBlob, expect, request }) => {
      const repository = await newRepository();
      const bytes = newBytes();
      const path = `/v2/${repository}/blobs/${sha256Of(bytes)}`;
      assertError(await request('DELETE', path), 404, 'BLOB_UNKNOWN');
      await pushBlob(repository, bytes);
      await expect(202, 'DELETE', path);
      await expect(404, 'GET', path);
      await expect(404, 'HEAD', path);
      assert.equal((await pushBlob(repository, bytes)).status, 201);
      await expect(200, 'GET', path);
    },
  },
  {
    section: 'Deleting Blobs',
    level: 'MUST',
    text: 'deletion that is not allowed, here of a blob that an image needs, is answered with 400 or 405',
    prove: async ({ newRepository, pushImage, request, checkImage }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'referenced' });
      await pushImage(repository, image, 'v1');
      for (const { digest } of [image.config, ...image.layers]) {
        assertError(await request('DELETE', `/v2/${repository}/blobs/${digest}`), 405, 'UNSUPPORTED');
      }
      assert.equal(await checkImage(repository, 'v1'), image.digest);
    },
  },
  {
    section: 'Error Codes',
    level: 'MUST',
    text: 'every JSON error has the specified form and a code of the specification',
    prove: async ({ newRepository, startUpload, request, server }) => {
      const repository = await newRepository();
      const location = await startUpload(repository);
      const digest = sha256Of(Buffer.from('x'));
      const bad = registryClient({ origin: server.origin, token: 'wrong' });
      const replies = [
        await request('GET', '/v2/UPPER/tags/list'),
        await request('GET', '/v2/absent/tags/list'),
        await request('GET', '/v2/nothing/of/the/kind'),
        await request('POST', `/v2/${repository}/tags/list`),
        await request('GET', `/v2/${repository}/manifests/absent`),
        await request('PUT', `/v2/${repository}/manifests/v1`, { body: 'no json' }),
        await request('PUT', `/v2/${repository}/manifests/v1`, { body: '{"schemaVersion":1}' }),
        await request('GET', `/v2/${repository}/blobs/${digest}`),
        await request('GET', `/v2/${repository}/blobs/sha256:x`),
        await request('PATCH', location, { headers: { 'content-range': '5-9' }, body: '12345' }),
        await request('PATCH', location, { headers: { 'content-range': 'x' }, body: '12345' }),
        await request('GET', `/v2/${repository}/tags/list?n=x`),
        await bad.request('GET', '/v2/'),
      ];
      for (const reply of replies) {
        assert.ok(reply.status >= 400 && reply.status < 500, `${reply.status}`);
        const { errors } = jsonOf(reply) as { errors: { code: string; message: string }[] };
        assert.equal(errors.length, 1);
        for (const { code, message } of errors) {
          assert.ok(specifiedCodes.has(code), code);
          assert.ok(message.length > 0);
        }
      }
    },
  },
];
