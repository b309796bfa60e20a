/** Requirements of the chapter "Pushing blobs": whole, in chunks, streamed, resumed, cancelled, mounted. */
import assert from 'node:assert/strict';
import { sha256Of } from '../support/make-image.ts';
import { pathOf } from '../support/registry-client.ts';
import { assertError, type Bench, newBytes, type Requirement, withDigest } from './requirement.ts';

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

async function assertPullable(bench: Bench, location: string, bytes: Buffer): Promise<void> {
  const { body } = await bench.expect(200, 'GET', location);
  assert.deepEqual(body, bytes);
}

const chunk = (bytes: Buffer, first: number, end: number) => ({
  headers: { 'content-type': 'application/octet-stream', 'content-range': `${first}-${end - 1}` },
  body: bytes.subarray(first, end),
});

export const pushBlobs: readonly Requirement[] = [
  {
    section: 'POST then PUT',
    level: 'MUST',
    text: 'POST answers 202 with a Location that holds a unique session id as a UUID',
    prove: async ({ newRepository, startUpload }) => {
      const repository = await newRepository();
      const [one, other] = [await startUpload(repository), await startUpload(repository)];
      assert.match(one, uuid);
      assert.match(other, uuid);
      assert.notEqual(one, other);
    },
  },
  {
    section: 'POST then PUT',
    level: 'MUST',
    text: 'PUT of the bytes with their digest answers 201 with the Location of the blob',
    prove: async (bench) => {
      const repository = await bench.newRepository();
      const bytes = newBytes();
      const created = await bench.pushBlob(repository, bytes);
      assert.equal(created.status, 201);
      await assertPullable(bench, pathOf(created, bench.server.origin), bytes);
    },
  },
  {
    section: 'Single POST',
    level: 'MUST',
    text: 'POST with digest and bytes answers 201 with the Location of the blob and its digest',
    prove: async (bench) => {
      const repository = await bench.newRepository();
      const bytes = newBytes();
      const path = withDigest(`/v2/${repository}/blobs/uploads/`, sha256Of(bytes));
      const created = await bench.expect(201, 'POST', path, { body: bytes });
      assert.equal(created.headers['docker-content-digest'], sha256Of(bytes));
      await assertPullable(bench, pathOf(created, bench.server.origin), bytes);
    },
  },
  {
    section: 'Pushing blobs',
    level: 'MUST',
    text: 'bytes that have another digest are refused, whichever way they come, and no blob appears',
    prove: async ({ newRepository, startUpload, request, expect }) => {
      const repository = await newRepository();
      const digest = sha256Of(newBytes());
      const bytes = newBytes();
      const posted = await request('POST', withDigest(`/v2/${repository}/blobs/uploads/`, digest), { body: bytes });
      assertError(posted, 400, 'DIGEST_INVALID');
      const put = await request('PUT', withDigest(await startUpload(repository), digest), { body: bytes });
      assertError(put, 400, 'DIGEST_INVALID');
      const streamed = await startUpload(repository);
      await expect(202, 'PATCH', streamed, { body: bytes });
      assertError(await request('PUT', withDigest(streamed, digest)), 400, 'DIGEST_INVALID');
      for (const absent of [digest, sha256Of(bytes)]) await expect(404, 'HEAD', `/v2/${repository}/blobs/${absent}`);
    },
  },
  {
    section: 'Pushing a blob in chunks',
    level: 'MUST',
    text: 'each chunk is answered with 202, a Location and Range 0-<last byte>; PUT closes with 201 and the Location of the blob',
    prove: async (bench) => {
      const { newRepository, startUpload, expect, server } = bench;
      const repository = await newRepository();
      const bytes = newBytes(3000);
      let location = await startUpload(repository);
      for (const end of [1000, 2000, 3000]) {
        const patched = await expect(202, 'PATCH', location, chunk(bytes, end - 1000, end));
        assert.equal(patched.headers.range, `0-${end - 1}`);
        location = pathOf(patched, server.origin);
      }
      const closed = await expect(201, 'PUT', withDigest(location, sha256Of(bytes)));
      await assertPullable(bench, pathOf(closed, server.origin), bytes);
    },
  },
  {
    section: 'Pushing a blob in chunks',
    level: 'MUST',
    text: 'the final chunk may come with the closing PUT',
    prove: async (bench) => {
      const repository = await bench.newRepository();
      const bytes = newBytes(2500);
      const location = await bench.startUpload(repository);
      await bench.expect(202, 'PATCH', location, chunk(bytes, 0, 2000));
      const last = chunk(bytes, 2000, 2500);
      const closed = await bench.expect(201, 'PUT', withDigest(location, sha256Of(bytes)), last);
      await assertPullable(bench, pathOf(closed, bench.server.origin), bytes);
    },
  },
  {
    section: 'Pushing a blob in chunks',
    level: 'MUST',
    text: 'a chunk out of order is answered with 416, by PATCH and by PUT, and the upload goes on from where it stood',
    prove: async (bench) => {
      const { newRepository, startUpload, request, expect, server } = bench;
      const repository = await newRepository();
      const bytes = newBytes(3000);
      const location = await startUpload(repository);
      assertError(await request('PATCH', location, chunk(bytes, 1000, 2000)), 416, 'BLOB_UPLOAD_INVALID');
      await expect(202, 'PATCH', location, chunk(bytes, 0, 1000));
      for (const [first, end] of [
        [0, 1000],
        [2000, 3000],
        [999, 1500],
      ] as const) {
        const refused = await request('PATCH', location, chunk(bytes, first, end));
        assertError(refused, 416, 'BLOB_UPLOAD_INVALID');
        assert.equal(refused.headers.range, '0-999');
        assert.match(pathOf(refused, server.origin), uuid);
      }
      const early = await request('PUT', withDigest(location, sha256Of(bytes)), chunk(bytes, 2000, 3000));
      assertError(early, 416, 'BLOB_UPLOAD_INVALID');
      await expect(202, 'PATCH', location, chunk(bytes, 1000, 2000));
      await expect(201, 'PUT', withDigest(location, sha256Of(bytes)), chunk(bytes, 2000, 3000));
    },
  },
  {
    section: 'Pushing a blob in chunks',
    level: 'MUST',
    text: 'GET of an upload answers 204 with Location and Range 0-<last byte>',
    prove: async ({ newRepository, startUpload, expect, server }) => {
      const repository = await newRepository();
      const location = await startUpload(repository);
      const fresh = await expect(204, 'GET', location);
      assert.equal(fresh.headers.range, '0-0');
      await expect(202, 'PATCH', location, chunk(newBytes(700), 0, 700));
      const status = await expect(204, 'GET', location);
      assert.equal(status.headers.range, '0-699');
      assert.equal(pathOf(status, server.origin), location);
    },
  },
  {
    section: 'Pushing a blob in chunks',
    level: 'MUST',
    text: 'a chunk whose Content-Range is malformed or not as long as the body is refused',
    prove: async ({ newRepository, startUpload, request, expect }) => {
      const location = await startUpload(await newRepository());
      const body = newBytes(100);
      for (const range of ['0-98', '0-100', 'a-b', '99-0', '0', '0-99-100', '-1-98']) {
        const refused = await request('PATCH', location, { headers: { 'content-range': range }, body });
        assertError(refused, 400, 'BLOB_UPLOAD_INVALID');
      }
      const status = await expect(204, 'GET', location);
      assert.equal(status.headers.range, '0-0');
    },
  },
  {
    section: 'Pushing a blob in chunks',
    level: 'MAY',
    text: 'a single PATCH without Content-Range streams the whole blob, as Docker does',
    prove: async (bench) => {
      const repository = await bench.newRepository();
      const bytes = newBytes(200_000);
      const location = await bench.startUpload(repository);
      const headers = { 'transfer-encoding': 'chunked' };
      const patched = await bench.expect(202, 'PATCH', location, { headers, body: bytes });
      assert.equal(patched.headers.range, '0-199999');
      const closed = await bench.expect(201, 'PUT', withDigest(location, sha256Of(bytes)));
      await assertPullable(bench, pathOf(closed, bench.server.origin), bytes);
    },
  },
  {
    section: 'Pushing a blob in chunks',
    level: 'MUST',
    text: 'the closing PUT must name the digest of the whole blob; the upload outlives a PUT that is refused',
    prove: async ({ newRepository, startUpload, request, expect }) => {
      const bytes = newBytes();
      const location = await startUpload(await newRepository());
      await expect(202, 'PATCH', location, { body: bytes });
      assertError(await request('PUT', location), 400, 'DIGEST_INVALID');
      assertError(await request('PUT', withDigest(location, 'sha256:nothex')), 400, 'DIGEST_INVALID');
      assertError(await request('PUT', withDigest(location, sha256Of(newBytes()))), 400, 'DIGEST_INVALID');
      await expect(201, 'PUT', withDigest(location, sha256Of(bytes)));
    },
  },
  {
    section: 'Endpoints (end-5, end-6, end-13)',
    level: 'MUST',
    text: 'an upload that is unknown, closed, or of another repository is answered with 404',
    prove: async ({ newRepository, startUpload, request, expect }) => {
      const [one, other] = [await newRepository(), await newRepository()];
      const bytes = newBytes();
      const digest = sha256Of(bytes);
      const closed = await startUpload(one);
      await expect(201, 'PUT', withDigest(closed, digest), { body: bytes });
      const foreign = (await startUpload(one)).replace(one, other);
      const unknown = `/v2/${one}/blobs/uploads/00000000-0000-4000-8000-000000000000`;
      for (const location of [closed, foreign, unknown, `/v2/${one}/blobs/uploads/no-uuid`]) {
        assertError(await request('GET', location), 404, 'BLOB_UPLOAD_UNKNOWN');
        assertError(await request('PATCH', location, { body: bytes }), 404, 'BLOB_UPLOAD_UNKNOWN');
        assertError(await request('PUT', withDigest(location, digest)), 404, 'BLOB_UPLOAD_UNKNOWN');
        assertError(await request('DELETE', location), 404, 'BLOB_UPLOAD_UNKNOWN');
      }
    },
  },
  {
    section: 'Endpoints (end-4a)',
    level: 'MUST',
    text: 'an upload to a repository that does not exist is answered with 404',
    prove: async ({ request }) => {
      for (const query of ['', `?digest=${sha256Of(Buffer.from('x'))}`, `?mount=${sha256Of(Buffer.from('x'))}`]) {
        assertError(await request('POST', `/v2/nobody/made/this/blobs/uploads/${query}`), 404, 'NAME_UNKNOWN');
      }
    },
  },
  {
    section: 'Cancel (distribution API)',
    level: 'MAY',
    text: 'DELETE of an upload answers 204 and the upload is gone',
    prove: async ({ newRepository, startUpload, expect }) => {
      const location = await startUpload(await newRepository());
      await expect(202, 'PATCH', location, { body: newBytes() });
      await expect(204, 'DELETE', location);
      await expect(404, 'GET', location);
    },
  },
  {
    section: 'Mounting a blob from another repository',
    level: 'MUST',
    text: 'a mount answers 201 with the Location of the blob in the new repository',
    prove: async (bench) => {
      const [source, target] = [await bench.newRepository(), await bench.newRepository()];
      const bytes = newBytes();
      const digest = sha256Of(bytes);
      await bench.pushBlob(source, bytes);
      const path = `/v2/${target}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(source)}`;
      const mounted = await bench.expect(201, 'POST', path);
      assert.equal(mounted.headers['docker-content-digest'], digest);
      assert.equal(pathOf(mounted, bench.server.origin), `/v2/${target}/blobs/${digest}`);
      await assertPullable(bench, pathOf(mounted, bench.server.origin), bytes);
    },
  },
  {
    section: 'Mounting a blob from another repository',
    level: 'MAY',
    text: 'without `from` the blob is mounted from wherever the registry has it',
    prove: async (bench) => {
      const [source, target] = [await bench.newRepository(), await bench.newRepository()];
      const bytes = newBytes();
      await bench.pushBlob(source, bytes);
      const mounted = await bench.expect(201, 'POST', `/v2/${target}/blobs/uploads/?mount=${sha256Of(bytes)}`);
      await assertPullable(bench, pathOf(mounted, bench.server.origin), bytes);
    },
  },
  {
    section: 'Mounting a blob from another repository',
    level: 'SHOULD',
    text: 'a blob that can not be mounted begins an upload instead: 202, and the upload works',
    prove: async ({ newRepository, expect, server }) => {
      const [source, target] = [await newRepository(), await newRepository()];
      const bytes = newBytes();
      const digest = sha256Of(bytes);
      for (const from of [`&from=${source}`, '&from=nobody/made/this', '&from=Not_A_Name!', '']) {
        const started = await expect(202, 'POST', `/v2/${target}/blobs/uploads/?mount=${digest}${from}`);
        await expect(204, 'GET', pathOf(started, server.origin));
      }
      const started = await expect(202, 'POST', `/v2/${target}/blobs/uploads/?mount=${digest}&from=${source}`);
      await expect(201, 'PUT', withDigest(pathOf(started, server.origin), digest), { body: bytes });
    },
  },
];
