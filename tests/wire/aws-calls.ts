/** Calls of ECR's operations as tests want them: an output, or exactly the fault that is expected. */
import assert from 'node:assert/strict';
import { callEcr, sendEcr } from '../support/call-ecr.ts';
import type { TestBlob, TestImage } from '../support/make-image.ts';
import { jsonOf } from '../support/raw-request.ts';
import type { TestServer } from '../support/start-server.ts';

// biome-ignore lint/suspicious/noExplicitAny: an answer is judged by what the test asks of it.
export type Output = any;

export interface AwsCalls {
  ok(operation: string, input?: object): Promise<Output>;
  /** Asserts HTTP 400, the code and the whole message; answers the exception's further members. */
  refused(operation: string, input: object, code: string, message: string): Promise<Record<string, unknown>>;
  /** Creates a repository and answers its name. */
  newRepository(repositoryName: string, more?: object): Promise<string>;
  /** Uploads a layer in one part. */
  pushLayer(repositoryName: string, blob: TestBlob): Promise<void>;
  /** Uploads the blobs and puts the manifest; answers PutImage's image. */
  pushImage(repositoryName: string, image: TestImage, imageTag?: string): Promise<Output>;
}

export function awsCalls(server: () => TestServer): AwsCalls {
  const ok = (operation: string, input: object = {}): Promise<Output> =>
    callEcr(server().origin, server(), operation, input);

  async function pushLayer(repositoryName: string, blob: TestBlob): Promise<void> {
    const { uploadId } = await ok('InitiateLayerUpload', { repositoryName });
    const part = { partFirstByte: 0, partLastByte: blob.size - 1, layerPartBlob: blob.bytes.toString('base64') };
    await ok('UploadLayerPart', { repositoryName, uploadId, ...part });
    await ok('CompleteLayerUpload', { repositoryName, uploadId, layerDigests: [blob.digest] });
  }

  return {
    ok,
    async refused(operation, input, code, message) {
      const reply = await sendEcr(server().origin, server(), operation, input);
      const { __type, message: text, ...members } = jsonOf(reply) as Record<string, unknown>;
      assert.deepEqual([reply.status, __type, text], [400, code, message]);
      return members;
    },
    async newRepository(repositoryName, more = {}) {
      await ok('CreateRepository', { repositoryName, ...more });
      return repositoryName;
    },
    pushLayer,
    async pushImage(repositoryName, image, imageTag) {
      for (const blob of [image.config, ...image.layers]) await pushLayer(repositoryName, blob);
      const put = putImageInput(repositoryName, image.bytes, imageTag === undefined ? {} : { imageTag });
      return (await ok('PutImage', put)).image;
    },
  };
}

/** Input of PutImage; the manifest goes as text. */
export function putImageInput(repositoryName: string, manifest: Buffer, more: object = {}): object {
  return { repositoryName, imageManifest: manifest.toString('utf8'), ...more };
}

/** ECR's words for a repository that is not there. */
export function noRepository(name: string): [code: string, message: string] {
  return [
    'RepositoryNotFoundException',
    `The repository with name '${name}' does not exist in the registry with id '000000000000'`,
  ];
}

export function invalid(field: string, constraint: string): [code: string, message: string] {
  return ['InvalidParameterException', `Invalid parameter at '${field}' failed to satisfy constraint: '${constraint}'`];
}
