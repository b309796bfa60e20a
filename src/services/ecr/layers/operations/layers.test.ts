import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { makeImage } from '../../../../../tests/support/make-image.ts';
import { createMemoryEcr, hour, type MemoryEcr } from '../../../../../tests/support/memory-ecr.ts';
import { sha256Digest } from '../../../../lib/oci/digest.ts';
import { Fault } from '../../../fault.ts';
import { limits } from '../../limits.ts';
import type { RepositoryRef } from '../../repositories/repository-ref.ts';
import { downloadPathPrefix, readDownloadToken } from '../download-token.ts';
import { batchCheckLayerAvailability } from './batch-check-layer-availability.ts';
import { completeLayerUpload } from './complete-layer-upload.ts';
import { getDownloadUrlForLayer } from './get-download-url-for-layer.ts';
import { initiateLayerUpload } from './initiate-layer-upload.ts';
import { uploadLayerPart } from './upload-layer-part.ts';

let memory: MemoryEcr;
let app: RepositoryRef;
beforeEach(async () => {
  memory = await createMemoryEcr();
  app = await memory.createRepository('app');
});
afterEach(() => memory.close());

const repositoryName = 'app';
const refusal = (code: string, text?: string) => (error: unknown) => {
  assert(error instanceof Fault, String(error));
  assert.equal(error.code, code);
  if (text !== undefined) assert.equal(error.message, text);
  return true;
};

async function initiate(): Promise<string> {
  const { uploadId, partSize } = await initiateLayerUpload.handle(memory.context, { repositoryName });
  assert.equal(partSize, 10485760);
  assert.match(uploadId!, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  return uploadId!;
}

const upload = (uploadId: string, first: number, bytes: Uint8Array, last = first + bytes.length - 1) =>
  uploadLayerPart.handle(memory.context, {
    repositoryName,
    uploadId,
    partFirstByte: first,
    partLastByte: last,
    layerPartBlob: bytes,
  });

const complete = (uploadId: string, digest: string) =>
  completeLayerUpload.handle(memory.context, { repositoryName, uploadId, layerDigests: [digest] });

describe('a layer in parts', () => {
  test('becomes available', async () => {
    const [first, last] = [randomBytes(limits.smallestLayerPart), randomBytes(7)];
    const digest = sha256Digest(Buffer.concat([first, last]));
    const uploadId = await initiate();
    assert.deepEqual(await upload(uploadId, 0, first), {
      registryId: '123456789012',
      repositoryName,
      uploadId,
      lastByteReceived: first.length - 1,
    });
    assert.equal((await upload(uploadId, first.length, last)).lastByteReceived, first.length + 6);
    assert.deepEqual(await complete(uploadId, digest), {
      registryId: '123456789012',
      repositoryName,
      uploadId,
      layerDigest: digest,
    });
    const missing = `sha256:${'0'.repeat(64)}`;
    const checked = await batchCheckLayerAvailability.handle(memory.context, {
      repositoryName,
      layerDigests: [digest, missing, 'odd', '', digest],
    });
    assert.deepEqual(checked.layers, [
      { layerDigest: digest, layerAvailability: 'AVAILABLE', layerSize: first.length + 7 },
      { layerDigest: missing, layerAvailability: 'UNAVAILABLE' },
    ]);
    assert.deepEqual(
      checked.failures?.map(({ layerDigest, failureCode }) => [layerDigest, failureCode]),
      [
        ['odd', 'InvalidLayerDigest'],
        ['', 'MissingLayerDigest'],
      ],
    );
    await assert.rejects(complete(uploadId, digest), refusal('UploadNotFoundException'));
  });

  test('is checked in ECR’s order: upload, parts, digest, layer', async () => {
    const none = '00000000-0000-4000-8000-000000000000';
    const wrong = `sha256:${'0'.repeat(64)}`;
    await assert.rejects(complete(none, wrong), refusal('UploadNotFoundException'));
    const empty = await initiate();
    await assert.rejects(complete(empty, wrong), refusal('EmptyUploadException'));

    const small = await initiate();
    await upload(small, 0, randomBytes(10));
    await upload(small, 10, randomBytes(10));
    await assert.rejects(
      complete(small, wrong),
      refusal('LayerPartTooSmallException', 'All layer parts except the last part should be at least 5MB'),
    );

    const bytes = randomBytes(10);
    await memory.pushLayer(app, bytes);
    const again = await initiate();
    await upload(again, 0, bytes);
    await assert.rejects(complete(again, wrong), refusal('InvalidLayerException'));
    await assert.rejects(complete(again, sha256Digest(bytes)), refusal('LayerAlreadyExistsException'));
    await assert.rejects(complete(again, sha256Digest(bytes)), refusal('UploadNotFoundException'));
  });

  test('refuses a part that does not fit, and says how far it got', async () => {
    const uploadId = await initiate();
    await assert.rejects(upload(uploadId, 5, randomBytes(1)), (error: Fault) => {
      assert.equal('lastValidByteReceived' in error.members, false, 'nothing was received yet');
      return refusal('InvalidLayerPartException', 'First byte of the layer part is 5 instead of 0')(error);
    });
    await upload(uploadId, 0, randomBytes(10));
    await assert.rejects(upload(uploadId, 0, randomBytes(10)), (error: Fault) => {
      assert.equal(error.members.lastValidByteReceived, 9);
      return refusal('InvalidLayerPartException')(error);
    });
    await assert.rejects(upload(uploadId, 10, randomBytes(10), 30), refusal('InvalidLayerPartException'));
    assert.equal((await upload(uploadId, 10, randomBytes(1))).lastByteReceived, 10);
  });
});

test('a download URL is for layers of images, and its token for an hour', async () => {
  const image = makeImage({ seed: 'a' });
  const layerDigest = image.layers[0]!.digest;
  const urlOf = (digest: string) =>
    getDownloadUrlForLayer.handle(memory.context, { repositoryName, layerDigest: digest });
  await assert.rejects(urlOf(layerDigest), refusal('LayersNotFoundException'));
  await memory.pushLayer(app, image.layers[0]!.bytes);
  await assert.rejects(urlOf(layerDigest), refusal('LayerInaccessibleException'));
  await memory.push(app, image, 'v1');
  const { downloadUrl, layerDigest: echoed } = await urlOf(layerDigest);
  assert.equal(echoed, layerDigest);
  const prefix = `https://123456789012.dkr.ecr.eu-west-1.example.com${downloadPathPrefix}`;
  assert(downloadUrl?.startsWith(prefix) === true, 'the registry of the repository serves it');
  const now = memory.ecr.clock.now();
  const token = downloadUrl.slice(prefix.length);
  assert.deepEqual(readDownloadToken(memory.ecr.keys, token, now), {
    ...app,
    digest: layerDigest,
    expiresAt: now + hour,
  });
  assert.equal(readDownloadToken(memory.ecr.keys, token, now + hour), undefined);
});
