/** Requirements of the chapter "Pushing Manifests", with and without a subject. */
import assert from 'node:assert/strict';
import { descriptorOf, makeArtifact, makeImage, makeIndex, mediaTypes, sha256Of } from '../support/make-image.ts';
import { pathOf } from '../support/registry-client.ts';
import { assertError, type Requirement } from './requirement.ts';

const absent = { mediaType: mediaTypes.ociManifest, digest: sha256Of(Buffer.from('absent')), size: 123 };

export const pushManifests: readonly Requirement[] = [
  {
    section: 'Pushing Manifests',
    level: 'MUST',
    text: 'PUT by tag or digest answers 201 with a Location that can be pulled, and the digest of the bytes',
    prove: async ({ newRepository, pushImage, pushManifest, expect, server }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'put' });
      await pushImage(repository, image);
      for (const reference of ['v1', image.digest]) {
        const created = await pushManifest(repository, reference, image.bytes, image.mediaType);
        assert.equal(created.status, 201);
        assert.equal(created.headers['docker-content-digest'], image.digest);
        const { body } = await expect(200, 'GET', pathOf(created, server.origin));
        assert.deepEqual(body, image.bytes);
      }
    },
  },
  {
    section: 'Pushing Manifests',
    level: 'MUST',
    text: 'the manifest is kept byte for byte: spaces, order of members and unknown members included',
    prove: async ({ newRepository, pushImage, pushManifest, expect }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'bytes' });
      await pushImage(repository, image);
      const { schemaVersion, ...rest } = JSON.parse(image.bytes.toString());
      const odd = Buffer.from(
        `\n ${JSON.stringify({ 'org.example.é': [1e2, null], ...rest, schemaVersion }, null, 3)}\t\n`,
      );
      assert.equal((await pushManifest(repository, 'odd', odd, image.mediaType)).status, 201);
      const { body, headers } = await expect(200, 'GET', `/v2/${repository}/manifests/odd`);
      assert.deepEqual(body, odd);
      assert.equal(headers['docker-content-digest'], sha256Of(odd));
    },
  },
  {
    section: 'Pushing Manifests',
    level: 'SHOULD',
    text: 'parameters of the Content-Type are ignored',
    prove: async ({ newRepository, pushImage, pushManifest, expect }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'parameters' });
      await pushImage(repository, image);
      const pushed = await pushManifest(repository, 'v1', image.bytes, `${image.mediaType}; charset=utf-8; q=1`);
      assert.equal(pushed.status, 201);
      const { headers } = await expect(200, 'HEAD', `/v2/${repository}/manifests/v1`);
      assert.equal(headers['content-type'], image.mediaType);
    },
  },
  {
    section: 'Pushing Manifests',
    level: 'MUST',
    text: 'a digest in the path that is not that of the bytes is refused',
    prove: async ({ newRepository, pushImage, pushManifest, expect }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'mismatch' });
      await pushImage(repository, image);
      const longer = Buffer.concat([image.bytes, Buffer.from('  ')]);
      assertError(await pushManifest(repository, image.digest, longer, image.mediaType), 400, 'MANIFEST_INVALID');
      assertError(await pushManifest(repository, 'sha256:baddigest', longer, image.mediaType), 400, 'DIGEST_INVALID');
      await expect(404, 'HEAD', `/v2/${repository}/manifests/${sha256Of(longer)}`);
    },
  },
  {
    section: 'Pushing Manifests',
    level: 'SHOULD',
    text: 'a manifest beyond the limit is answered with 413; 4 megabytes are within it',
    prove: async ({ newRepository, pushImage, pushManifest }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'large', annotations: { filler: 'x'.repeat(4_000_000) } });
      await pushImage(repository, image, 'large');
      const tooLarge = makeImage({ seed: 'large', annotations: { filler: 'x'.repeat(4_200_000) } });
      assertError(await pushManifest(repository, 'x', tooLarge.bytes, tooLarge.mediaType), 413, 'SIZE_INVALID');
    },
  },
  {
    section: 'Push',
    level: 'MUST',
    text: 'a manifest refused for missing blobs or manifests is refused with MANIFEST_BLOB_UNKNOWN',
    prove: async ({ newRepository, pushManifest }) => {
      const repository = await newRepository();
      for (const made of [makeImage({ seed: 'blobs missing' }), makeIndex({ seed: 'manifests missing' })]) {
        assertError(await pushManifest(repository, 'v1', made.bytes, made.mediaType), 404, 'MANIFEST_BLOB_UNKNOWN');
      }
    },
  },
  {
    section: 'Pushing Manifests',
    level: 'MUST',
    text: 'a manifest for a repository that does not exist is answered with 404',
    prove: async ({ pushManifest }) => {
      const image = makeImage({ seed: 'nowhere' });
      assertError(await pushManifest('nobody/made/this', 'v1', image.bytes, image.mediaType), 404, 'NAME_UNKNOWN');
    },
  },
  {
    section: 'Push',
    level: 'MUST',
    text: 'a manifest whose subject is not there is accepted',
    prove: async ({ newRepository, pushImage }) => {
      const artifact = makeArtifact({ artifactType: 'application/x.test', payload: 'early', subject: absent });
      await pushImage(await newRepository(), artifact, 'early');
    },
  },
  {
    section: 'Pushing Manifests with Subject',
    level: 'MUST',
    text: 'the answer to a manifest with a subject has OCI-Subject with its digest; others have none',
    prove: async ({ newRepository, pushImage }) => {
      const repository = await newRepository();
      const subject = makeImage({ seed: 'subject' });
      const plain = await pushImage(repository, subject, 'subject');
      assert.equal(plain.headers['oci-subject'], undefined);
      const artifact = makeArtifact({
        artifactType: 'application/x.test',
        payload: 'a',
        subject: descriptorOf(subject),
      });
      const pushed = await pushImage(repository, artifact);
      assert.equal(pushed.headers['oci-subject'], subject.digest);
    },
  },
  {
    section: 'Pushing Manifests (1.2 draft: tag parameters)',
    level: 'MAY',
    text: 'PUT by digest with ?tag= sets these tags and names them in OCI-Tag',
    prove: async ({ newRepository, pushImage, expect }) => {
      const repository = await newRepository();
      const image = makeImage({ seed: 'tag parameters' });
      await pushImage(repository, image);
      const tags = Array.from({ length: 12 }, (_, at) => `tag-${at}`);
      const query = tags.map((tag) => `tag=${tag}`).join('&');
      const path = `/v2/${repository}/manifests/${image.digest}?${query}`;
      const pushed = await expect(201, 'PUT', path, {
        headers: { 'content-type': image.mediaType },
        body: image.bytes,
      });
      assert.deepEqual(String(pushed.headers['oci-tag']).split(', '), tags);
      for (const tag of tags) {
        const { headers } = await expect(200, 'HEAD', `/v2/${repository}/manifests/${tag}`);
        assert.equal(headers['docker-content-digest'], image.digest);
      }
    },
  },
];
