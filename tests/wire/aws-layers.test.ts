/** The layer operations, to the text of their errors (behaviour page, sections 2 and 6). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeBlob, makeImage, noise } from '../support/make-image.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { awsCalls, invalid, noRepository } from './aws-calls.ts';

let server: TestServer;
const { ok, refused, pushLayer, pushImage } = awsCalls(() => server);
const repositoryName = 'layers';
before(async () => {
  server = await startServer();
  await ok('CreateRepository', { repositoryName });
});
after(() => server.stop());

const registryId = '000000000000';
const fiveMiB = 5 * 1024 * 1024;
const start = async (): Promise<string> => (await ok('InitiateLayerUpload', { repositoryName })).uploadId;
const part = (uploadId: string, bytes: Buffer, partFirstByte = 0) => ({
  repositoryName,
  uploadId,
  partFirstByte,
  partLastByte: partFirstByte + bytes.length - 1,
  layerPartBlob: bytes.toString('base64'),
});
const complete = (uploadId: string, digest: string) => ({ repositoryName, uploadId, layerDigests: [digest] });

test('InitiateLayerUpload, UploadLayerPart and CompleteLayerUpload make a layer of its parts', async () => {
  const layer = makeBlob('x', noise('parts', fiveMiB + 1000));
  const upload = await ok('InitiateLayerUpload', { repositoryName });
  assert.deepEqual(Object.keys(upload).sort(), ['partSize', 'uploadId']);
  assert.match(upload.uploadId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(upload.partSize, 10 * 1024 * 1024);
  const { uploadId } = upload;
  const received = { registryId, repositoryName, uploadId };
  assert.deepEqual(await ok('UploadLayerPart', part(uploadId, layer.bytes.subarray(0, fiveMiB))), {
    ...received,
    lastByteReceived: fiveMiB - 1,
  });
  assert.deepEqual(await ok('UploadLayerPart', part(uploadId, layer.bytes.subarray(fiveMiB), fiveMiB)), {
    ...received,
    lastByteReceived: layer.size - 1,
  });
  assert.deepEqual(await ok('CompleteLayerUpload', complete(uploadId, layer.digest)), {
    ...received,
    layerDigest: layer.digest,
  });
  const { layers } = await ok('BatchCheckLayerAvailability', { repositoryName, layerDigests: [layer.digest] });
  assert.deepEqual(layers, [{ layerDigest: layer.digest, layerAvailability: 'AVAILABLE', layerSize: layer.size }]);
  await refused(
    'CompleteLayerUpload',
    complete(uploadId, layer.digest),
    'UploadNotFoundException',
    `The upload with id '${uploadId}' does not exist in the repository with name 'layers' in the registry with id '000000000000'`,
  );
});

test('UploadLayerPart takes only the part that follows', async () => {
  const uploadId = await start();
  const bytes = noise('follows', 1000);
  const expectedAt = (message: string, lastValidByteReceived?: number) => ({
    message,
    members: {
      registryId,
      repositoryName,
      uploadId,
      ...(lastValidByteReceived !== undefined && { lastValidByteReceived }),
    },
  });
  const refusedAt = async (input: object, expected: { message: string; members: object }) =>
    assert.deepEqual(
      await refused('UploadLayerPart', input, 'InvalidLayerPartException', expected.message),
      expected.members,
    );
  await refusedAt(part(uploadId, bytes, 5), expectedAt('First byte of the layer part is 5 instead of 0'));
  await ok('UploadLayerPart', part(uploadId, bytes));
  await refusedAt(part(uploadId, bytes), expectedAt('First byte of the layer part is 0 instead of 1000', 999));
  await refusedAt(part(uploadId, bytes, 1001), expectedAt('First byte of the layer part is 1001 instead of 1000', 999));
});

test('CompleteLayerUpload judges: upload, parts, their size, digest, whether the layer is there already', async () => {
  const unknown = '123e4567-e89b-12d3-a456-426614174000';
  const small = makeBlob('x', noise('small', 2000));
  await refused(
    'CompleteLayerUpload',
    complete(unknown, small.digest),
    'UploadNotFoundException',
    `The upload with id '${unknown}' does not exist in the repository with name 'layers' in the registry with id '000000000000'`,
  );
  const uploadId = await start();
  await refused(
    'CompleteLayerUpload',
    complete(uploadId, small.digest),
    'EmptyUploadException',
    `The upload with id '${uploadId}' does not contain any layer parts`,
  );
  await ok('UploadLayerPart', part(uploadId, small.bytes.subarray(0, 1000)));
  await ok('UploadLayerPart', part(uploadId, small.bytes.subarray(1000), 1000));
  await refused(
    'CompleteLayerUpload',
    complete(uploadId, small.digest),
    'LayerPartTooSmallException',
    'All layer parts except the last part should be at least 5MB',
  );

  const other = await start();
  await ok('UploadLayerPart', part(other, small.bytes));
  const wrong = `sha256:${'0'.repeat(64)}`;
  await refused(
    'CompleteLayerUpload',
    complete(other, wrong),
    'InvalidLayerException',
    `Invalid layer digest '${wrong}': it does not match the uploaded layer`,
  );
  await ok('CompleteLayerUpload', complete(other, small.digest));

  const again = await start();
  await ok('UploadLayerPart', part(again, small.bytes));
  await refused(
    'CompleteLayerUpload',
    complete(again, small.digest),
    'LayerAlreadyExistsException',
    `Image layer '${small.digest}' already exists in the repository with name 'layers' in the registry with id '000000000000'`,
  );
});

test('an upload of one repository is unknown in another', async () => {
  await ok('CreateRepository', { repositoryName: 'layers/other' });
  const uploadId = await start();
  const message = `The upload with id '${uploadId}' does not exist in the repository with name 'layers/other' in the registry with id '000000000000'`;
  const input = { ...part(uploadId, Buffer.from('x')), repositoryName: 'layers/other' };
  await refused('UploadLayerPart', input, 'UploadNotFoundException', message);
});

test('BatchCheckLayerAvailability tells each digest for itself', async () => {
  const layer = makeBlob('x', noise('check', 100));
  await pushLayer(repositoryName, layer);
  const absent = `sha256:${'1'.repeat(64)}`;
  const { layers, failures } = await ok('BatchCheckLayerAvailability', {
    repositoryName,
    layerDigests: [absent, 'broken', layer.digest],
  });
  assert.deepEqual(layers, [
    { layerDigest: absent, layerAvailability: 'UNAVAILABLE' },
    { layerDigest: layer.digest, layerAvailability: 'AVAILABLE', layerSize: 100 },
  ]);
  assert.deepEqual(
    failures.map((f: { layerDigest: string; failureCode: string }) => [f.layerDigest, f.failureCode]),
    [['broken', 'InvalidLayerDigest']],
  );
});

test('a layer is only seen in the repository it was pushed to', async () => {
  const layer = makeBlob('x', noise('seen', 100));
  await pushLayer(repositoryName, layer);
  await ok('CreateRepository', { repositoryName: 'layers/unseen' });
  const { layers } = await ok('BatchCheckLayerAvailability', {
    repositoryName: 'layers/unseen',
    layerDigests: [layer.digest],
  });
  assert.deepEqual(layers, [{ layerDigest: layer.digest, layerAvailability: 'UNAVAILABLE' }]);
});

test('GetDownloadUrlForLayer gives a URL that needs no credentials, for layers of images', async () => {
  const image = makeImage({ seed: 'download' });
  await pushImage(repositoryName, image, 'download');
  const [layer] = image.layers;
  const answer = await ok('GetDownloadUrlForLayer', { repositoryName, layerDigest: layer!.digest });
  assert.equal(answer.layerDigest, layer!.digest);
  const { pathname, search } = new URL(answer.downloadUrl);
  const reply = await rawRequest(server.origin, 'GET', pathname + search);
  assert.equal(reply.status, 200);
  assert.equal(reply.body.equals(layer!.bytes), true);

  const lonely = makeBlob('x', noise('lonely', 100));
  await pushLayer(repositoryName, lonely);
  const where = "in the repository with name 'layers' in the registry with id '000000000000'";
  await refused(
    'GetDownloadUrlForLayer',
    { repositoryName, layerDigest: lonely.digest },
    'LayerInaccessibleException',
    `The layer with digest '${lonely.digest}' is not part of an image ${where}`,
  );
  const absent = `sha256:${'2'.repeat(64)}`;
  await refused(
    'GetDownloadUrlForLayer',
    { repositoryName, layerDigest: absent },
    'LayersNotFoundException',
    `The layer with digest '${absent}' does not exist ${where}`,
  );
});

test('the layer operations look for the repository first', async () => {
  const uploadId = '123e4567-e89b-12d3-a456-426614174000';
  const digest = `sha256:${'3'.repeat(64)}`;
  const elsewhere = { repositoryName: 'none' };
  for (const [operation, input] of [
    ['InitiateLayerUpload', {}],
    ['UploadLayerPart', part(uploadId, Buffer.from('x'))],
    ['CompleteLayerUpload', complete(uploadId, digest)],
    ['BatchCheckLayerAvailability', { layerDigests: [digest] }],
    ['GetDownloadUrlForLayer', { layerDigest: digest }],
  ] as const) {
    await refused(operation, { ...input, ...elsewhere }, ...noRepository('none'));
  }
  await refused(
    'UploadLayerPart',
    { ...part('no-uuid', Buffer.from('x')) },
    ...invalid(
      'uploadId',
      'Member must satisfy regular expression pattern: [0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
    ),
  );
});
