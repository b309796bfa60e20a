/** Requirements of the chapters "Pull" and "Determining Support". */
import assert from 'node:assert/strict';
import { makeImage, makeIndex, sha256Of } from '../support/make-image.ts';
import { assertError, newBytes, type Requirement } from './requirement.ts';

const absentDigest = sha256Of(Buffer.from('nobody has pushed this'));

export const pull: readonly Requirement[] = [
  {
    section: 'Determining support',
    level: 'MUST',
    text: 'GET /v2/ is answered with 200 by a registry of this specification',
    prove: async ({ expect }) => void (await expect(200, 'GET', '/v2/')),
  },
  {
    section: 'Pulling manifests',
    level: 'MUST',
    text: 'GET of a manifest by tag or digest answers 200 with exactly its bytes',
    prove: async ({ newRepository, pushImage, expect }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'pull' });
      await pushImage(repository, image, 'v1');
      for (const reference of ['v1', image.digest]) {
        const { body } = await expect(200, 'GET', `/v2/${repository}/manifests/${reference}`);
        assert.deepEqual(body, image.bytes);
      }
    },
  },
  {
    section: 'Pulling manifests',
    level: 'SHOULD',
    text: 'the Content-Type of a manifest is the one it was pushed with, without parameters',
    prove: async ({ newRepository, pushImage, expect }) => {
      const repository = await newRepository();
      for (const made of [makeIndex({ seed: 'a' }), makeIndex({ seed: 'b', format: 'docker' })]) {
        await pushImage(repository, made);
        for (const manifest of [made, ...made.images]) {
          const { headers } = await expect(200, 'GET', `/v2/${repository}/manifests/${manifest.digest}`);
          assert.equal(headers['content-type'], manifest.mediaType);
        }
      }
    },
  },
  {
    section: 'Pulling manifests',
    level: 'SHOULD',
    text: 'a pulled manifest comes with its digest in Docker-Content-Digest',
    prove: async ({ newRepository, pushImage, expect }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'digest header' });
      await pushImage(repository, image, 'v1');
      const { headers } = await expect(200, 'GET', `/v2/${repository}/manifests/v1`);
      assert.equal(headers['docker-content-digest'], image.digest);
    },
  },
  {
    section: 'Pulling manifests',
    level: 'MUST',
    text: 'a manifest that is not in the repository is answered with 404, by tag and by digest',
    prove: async ({ newRepository, request }) => {
      const repository = await newRepository();
      for (const reference of ['absent', absentDigest]) {
        assertError(await request('GET', `/v2/${repository}/manifests/${reference}`), 404, 'MANIFEST_UNKNOWN');
      }
    },
  },
  {
    section: 'Pulling manifests',
    level: 'MUST',
    text: 'a repository that does not exist is answered with 404',
    prove: async ({ request }) => {
      assertError(await request('GET', '/v2/nobody/made/this/manifests/v1'), 404, 'NAME_UNKNOWN');
      assertError(await request('GET', `/v2/nobody/made/this/blobs/${absentDigest}`), 404, 'NAME_UNKNOWN');
    },
  },
  {
    section: 'Pulling manifests',
    level: 'MUST',
    text: 'names and references are what the grammar says: anything else is refused',
    prove: async ({ newRepository, request }) => {
      const repository = await newRepository();
      for (const name of ['Upper', 'a..b', '-a', 'a-', 'a//b', `${'a'.repeat(257)}`]) {
        assertError(await request('GET', `/v2/${name}/manifests/v1`), 400, 'NAME_INVALID');
      }
      for (const tag of ['.dot', '-dash', 'a'.repeat(129), 'sp%21ace']) {
        assertError(await request('GET', `/v2/${repository}/manifests/${tag}`), 400, 'MANIFEST_INVALID');
      }
      for (const digest of ['sha256:short', 'md5:d41d8cd98f00b204e9800998ecf8427e', `sha256:${'A'.repeat(64)}`]) {
        assertError(await request('GET', `/v2/${repository}/manifests/${digest}`), 400, 'DIGEST_INVALID');
      }
    },
  },
  {
    section: 'Pulling blobs',
    level: 'MUST',
    text: 'GET of a blob answers 200 with its bytes',
    prove: async ({ newRepository, pushBlob, expect }) => {
      const repository = await newRepository();
      const bytes = newBytes(100_000);
      await pushBlob(repository, bytes);
      const { body } = await expect(200, 'GET', `/v2/${repository}/blobs/${sha256Of(bytes)}`);
      assert.deepEqual(body, bytes);
    },
  },
  {
    section: 'Pulling blobs',
    level: 'MUST',
    text: 'Docker-Content-Digest of a pulled blob, when sent (SHOULD), is the digest of the body',
    prove: async ({ newRepository, pushBlob, expect }) => {
      const repository = await newRepository();
      const bytes = newBytes();
      await pushBlob(repository, bytes);
      const { headers } = await expect(200, 'GET', `/v2/${repository}/blobs/${sha256Of(bytes)}`);
      assert.equal(headers['docker-content-digest'], sha256Of(bytes));
    },
  },
  {
    section: 'Pulling blobs',
    level: 'MUST',
    text: 'a blob that is not in the repository is answered with 404, also when another repository has it',
    prove: async ({ newRepository, pushBlob, request }) => {
      const [one, other] = [await newRepository(), await newRepository()];
      const bytes = newBytes();
      await pushBlob(other, bytes);
      assertError(await request('GET', `/v2/${one}/blobs/${sha256Of(bytes)}`), 404, 'BLOB_UNKNOWN');
    },
  },
  {
    section: 'Pulling blobs',
    level: 'SHOULD',
    text: 'the Range header is heeded as RFC 9110 says',
    prove: async ({ newRepository, pushBlob, expect, request }) => {
      const repository = await newRepository();
      const bytes = newBytes(2048);
      await pushBlob(repository, bytes);
      const path = `/v2/${repository}/blobs/${sha256Of(bytes)}`;
      const ranges: readonly [range: string, first: number, end: number][] = [
        ['bytes=500-1499', 500, 1500],
        ['bytes=500-', 500, 2048],
        ['bytes=-500', 1548, 2048],
        ['bytes=2000-5000', 2000, 2048],
        ['bytes=0-0', 0, 1],
        ['bytes=-5000', 0, 2048],
      ];
      for (const [range, first, end] of ranges) {
        const { headers, body } = await expect(206, 'GET', path, { headers: { range } });
        assert.deepEqual(body, bytes.subarray(first, end), range);
        assert.equal(headers['content-range'], `bytes ${first}-${end - 1}/2048`);
        assert.equal(headers['content-length'], String(end - first));
      }
      for (const range of ['bytes=5000-10000', 'bytes=2048-', 'bytes=500-0', 'bytes=-0']) {
        const reply = await request('GET', path, { headers: { range } });
        assert.equal(reply.status, 416, range);
        if (range !== 'bytes=500-0') assert.equal(reply.headers['content-range'], 'bytes */2048');
      }
      for (const range of ['bytes=0-1,3-4', 'lines=1-2', 'bytes=x']) {
        const { body } = await expect(200, 'GET', path, { headers: { range } });
        assert.deepEqual(body, bytes);
      }
    },
  },
  {
    section: 'Checking if content exists in the registry',
    level: 'MUST',
    text: 'HEAD of a manifest or blob answers 200, with digest and size (SHOULD) and no body',
    prove: async ({ newRepository, pushImage, expect }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'head' });
      await pushImage(repository, image, 'v1');
      const [layer] = image.layers;
      const subjects = [
        [`manifests/v1`, image],
        [`manifests/${image.digest}`, image],
        [`blobs/${layer?.digest}`, layer],
      ] as const;
      for (const [path, content] of subjects) {
        const { headers, body } = await expect(200, 'HEAD', `/v2/${repository}/${path}`);
        assert.equal(headers['docker-content-digest'], content?.digest);
        assert.equal(headers['content-length'], String(content?.size));
        assert.equal(body.length, 0);
      }
    },
  },
  {
    section: 'Checking if content exists in the registry',
    level: 'MUST',
    text: 'HEAD of what is not there answers 404',
    prove: async ({ newRepository, expect }) => {
      const repository = await newRepository();
      for (const path of ['manifests/absent', `manifests/${absentDigest}`, `blobs/${absentDigest}`]) {
        const { body } = await expect(404, 'HEAD', `/v2/${repository}/${path}`);
        assert.equal(body.length, 0);
      }
    },
  },
];
