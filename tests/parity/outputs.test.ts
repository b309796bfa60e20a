/**
 * What every built operation really sends, against the official SDK's model: no member it does not know, none of another
 * type, none missing that it counts on. SDKs forgive much of that; the wire does not show it otherwise.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ecrLedger } from '../../src/services/ecr/operations.ts';
import { sendEcr } from '../support/call-ecr.ts';
import { makeArtifact, makeImage } from '../support/make-image.ts';
import { jsonOf } from '../support/raw-request.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { differences, sdkExceptions, sdkOperations } from './sdk-schema.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const repositoryName = 'parity/images';
const called = new Set<string>();

/** Calls and compares. `members` has to be in the answer at the first level, so that an empty one proves nothing. */
async function call(operation: string, input: object, members: string[] = []): Promise<Record<string, unknown>> {
  const reply = await sendEcr(server.origin, server, operation, input);
  const output = jsonOf(reply) as Record<string, unknown>;
  assert.equal(reply.status, 200, `${operation}: ${reply.body}`);
  assert.deepEqual(differences(sdkOperations.get(operation)!.output, output, operation), []);
  for (const member of members) assert.ok(Object.hasOwn(output, member), `${operation} answers no ${member}`);
  called.add(operation);
  return output;
}

async function pushLayer(bytes: Buffer, digest: string): Promise<void> {
  const { uploadId } = await call('InitiateLayerUpload', { repositoryName }, ['uploadId', 'partSize']);
  const part = { partFirstByte: 0, partLastByte: bytes.length - 1, layerPartBlob: bytes.toString('base64') };
  await call('UploadLayerPart', { repositoryName, uploadId, ...part }, [
    'registryId',
    'repositoryName',
    'uploadId',
    'lastByteReceived',
  ]);
  const completed = { repositoryName, uploadId, layerDigests: [digest] };
  await call('CompleteLayerUpload', completed, ['registryId', 'repositoryName', 'uploadId', 'layerDigest']);
}

test('outputs of the registry', async () => {
  await call('DescribeRegistry', {}, ['registryId', 'replicationConfiguration']);
  await call('GetAuthorizationToken', { registryIds: ['000000000000', '123456789012'] }, ['authorizationData']);
});

test('outputs of repositories', async () => {
  const repositoryName = 'parity/all';
  const resourceArn = 'arn:aws:ecr:us-east-1:000000000000:repository/parity/all';
  const filters = [{ filterType: 'WILDCARD', filter: 'v*' }];
  const create = {
    repositoryName,
    tags: [{ Key: 'team', Value: 'blue' }],
    imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
    imageTagMutabilityExclusionFilters: filters,
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfiguration: { encryptionType: 'AES256' },
  };
  await call('CreateRepository', create, ['repository']);
  await call('DescribeRepositories', { repositoryNames: [repositoryName] }, ['repositories']);
  await call('CreateRepository', { repositoryName: 'parity/second' });
  await call('DescribeRepositories', { maxResults: 1 }, ['repositories', 'nextToken']);
  await call('PutImageTagMutability', { repositoryName, imageTagMutability: 'MUTABLE' }, ['imageTagMutability']);
  await call('PutImageScanningConfiguration', { repositoryName, imageScanningConfiguration: {} }, [
    'imageScanningConfiguration',
  ]);
  assert.deepEqual(await call('TagResource', { resourceArn, tags: [{ Key: 'a', Value: '' }] }), {});
  assert.deepEqual(await call('UntagResource', { resourceArn, tagKeys: ['a', 'b'] }), {});
  await call('ListTagsForResource', { resourceArn }, ['tags']);
});

test('outputs of layers and images', async () => {
  await call('CreateRepository', { repositoryName });
  const image = makeImage({ seed: 'parity' });
  const blobs = [image.config, ...image.layers];
  for (const blob of blobs) await pushLayer(blob.bytes, blob.digest);
  const layerDigests = [...blobs.map((blob) => blob.digest), `sha256:${'0'.repeat(64)}`, 'no-digest'];
  await call('BatchCheckLayerAvailability', { repositoryName, layerDigests }, ['layers', 'failures']);
  const put = { repositoryName, imageManifest: image.bytes.toString(), imageManifestMediaType: image.mediaType };
  await call('PutImage', { ...put, imageTag: 'v1' }, ['image']);
  await call('PutImage', { ...put, imageTag: 'v2' }, ['image']);
  const artifact = makeArtifact({
    payload: 'parity',
    subject: image,
    artifactType: 'application/x-parity',
    annotations: { note: 'x' },
  });
  for (const blob of [artifact.config, ...artifact.layers]) await pushLayer(blob.bytes, blob.digest);
  await call('PutImage', {
    repositoryName,
    imageManifest: artifact.bytes.toString(),
    imageManifestMediaType: artifact.mediaType,
  });
  await call('GetDownloadUrlForLayer', { repositoryName, layerDigest: image.config.digest }, [
    'downloadUrl',
    'layerDigest',
  ]);

  const imageIds = [{ imageTag: 'v1' }, { imageDigest: image.digest }, { imageTag: 'absent' }, {}];
  await call('BatchGetImage', { repositoryName, imageIds }, ['images', 'failures']);
  await call('ListImages', { repositoryName, maxResults: 1 }, ['imageIds', 'nextToken']);
  await call('DescribeImages', { repositoryName }, ['imageDetails']);
  await call('DescribeImages', { repositoryName, maxResults: 1 }, ['imageDetails', 'nextToken']);
  await call('ListImageReferrers', { repositoryName, subjectId: { imageDigest: image.digest } }, ['referrers']);
  await call('BatchDeleteImage', { repositoryName, imageIds }, ['imageIds', 'failures']);
  await call('DeleteRepository', { repositoryName, force: true }, ['repository']);
});

test('what has members of its own in an exception is what the SDK knows', async () => {
  await call('CreateRepository', { repositoryName: 'parity/faults' });
  const { uploadId } = await call('InitiateLayerUpload', { repositoryName: 'parity/faults' });
  const part = { repositoryName: 'parity/faults', uploadId, partFirstByte: 5, partLastByte: 6, layerPartBlob: 'AAE=' };
  const kms = { repositoryName: 'parity/kms', encryptionConfiguration: { encryptionType: 'KMS' } };
  for (const [operation, input, code] of [
    ['UploadLayerPart', part, 'InvalidLayerPartException'],
    ['CreateRepository', kms, 'KmsException'],
  ] as const) {
    const { __type, ...members } = jsonOf(await sendEcr(server.origin, server, operation, input)) as Record<
      string,
      unknown
    >;
    assert.equal(__type, code);
    assert.deepEqual(differences(sdkExceptions.get(code)!, members, code), []);
    assert.ok(Object.keys(members).length > 1, code);
  }
});

test('every built operation has been called', () => {
  const built = ecrLedger.filter((entry) => entry.operation !== undefined).map((entry) => entry.name);
  assert.deepEqual(
    built.filter((name) => !called.has(name)),
    [],
  );
});
