/** The setting `sparse-indexes`: an index may be pushed before, or without, the manifests it lists. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateRepositoryCommand, PutImageCommand } from '@aws-sdk/client-ecr';
import { makeIndex } from '../support/make-image.ts';
import { rawRequest } from '../support/raw-request.ts';
import { type Settings, startServer } from '../support/start-server.ts';

const index = makeIndex({ seed: 'sparse' });

async function pushed(settings: Settings) {
  const server = await startServer({ settings });
  try {
    await server.ecr().send(new CreateRepositoryCommand({ repositoryName: 'app' }));
    const authorization = `Basic ${Buffer.from(`AWS:${server.dockerToken()}`).toString('base64')}`;
    const headers = { authorization, 'content-type': index.mediaType };
    const put = await rawRequest(server.origin, 'PUT', '/v2/app/manifests/v1', { headers, body: index.bytes });
    const get = await rawRequest(server.origin, 'GET', '/v2/app/manifests/v1', { headers: { authorization } });
    const imageManifest = index.bytes.toString();
    const putImage = server.ecr().send(new PutImageCommand({ repositoryName: 'app', imageManifest, imageTag: 'v2' }));
    await assert.rejects(putImage, { name: 'ReferencedImagesNotFoundException' });
    return { put, get };
  } finally {
    await server.stop();
  }
}

test('refuse is the default', async () => {
  const { put, get } = await pushed({});
  assert.equal(put.status, 404);
  assert.equal(JSON.parse(put.body.toString()).errors[0].code, 'MANIFEST_BLOB_UNKNOWN');
  assert.equal(get.status, 404);
});

test('accept takes it through the registry, and the API refuses it still', async () => {
  const { put, get } = await pushed({ sparseIndexes: 'accept' });
  assert.equal(put.status, 201);
  assert.equal(get.status, 200);
  assert.deepEqual(get.body, index.bytes);
});
