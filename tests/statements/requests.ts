/** The requests whose cost in the database is counted, each made ready first by what is not counted. */
import { callEcr } from '../support/call-ecr.ts';
import { makeImage, type TestImage } from '../support/make-image.ts';
import { pathOf, type RegistryClient, registryClient } from '../support/registry-client.ts';
import type { TestServer } from '../support/start-server.ts';

export interface CountedRequest {
  readonly name: string;
  /** Makes ready and answers the request itself. */
  prepare(run: number): Promise<() => Promise<unknown>>;
}

const repository = 'statements/app';

/** Throws when an answer is not the one that is counted. */
export async function countedRequests(server: TestServer): Promise<CountedRequest[]> {
  const client = registryClient({ origin: server.origin, token: server.dockerToken() });
  const call = (operation: string, input: unknown = {}) => callEcr(server.origin, server, operation, input);
  await call('CreateRepository', { repositoryName: repository });
  await call('CreateRepository', { repositoryName: 'statements/other' });
  const shared = await push(client, 'shared', 'v1');
  for (let tag = 0; tag < 30; tag += 1) await push(client, `filling ${tag}`, `filling-${tag}`);
  let made = 0;
  const next = () => {
    made += 1;
    return made;
  };
  const freshImage = (tag = `fresh-${next()}`) => push(client, `fresh ${next()}`, tag);
  const expect = async (status: number, method: string, path: string, options = {}) => {
    const reply = await client.request(method, path, options);
    if (reply.status !== status) throw new Error(`${method} ${path} answered ${reply.status}: ${reply.body}`);
    return reply;
  };
  const manifest = (reference: string) => `/v2/${repository}/manifests/${reference}`;
  const blob = (digest: string) => `/v2/${repository}/blobs/${digest}`;
  const startUpload = async () => pathOf(await expect(202, 'POST', `/v2/${repository}/blobs/uploads/`), server.origin);
  const octets = { 'content-type': 'application/octet-stream' };
  const layerOf = (run: number) => makeImage({ seed: `layer ${run} ${next()}` }).layers[0]!;
  const always = (request: () => Promise<unknown>) => async () => request;

  return [
    { name: 'GET /v2/', prepare: always(() => expect(200, 'GET', '/v2/')) },
    {
      name: 'GET manifest by tag, first time',
      prepare: async () => {
        const tag = `cold-${next()}`;
        await freshImage(tag);
        return () => expect(200, 'GET', manifest(tag));
      },
    },
    { name: 'GET manifest by tag, again', prepare: always(() => expect(200, 'GET', manifest('v1'))) },
    { name: 'HEAD manifest by tag, again', prepare: always(() => expect(200, 'HEAD', manifest('v1'))) },
    {
      name: 'GET manifest by digest, first time',
      prepare: async () => {
        const { digest } = await freshImage();
        return () => expect(200, 'GET', manifest(digest));
      },
    },
    { name: 'GET manifest by digest, again', prepare: always(() => expect(200, 'GET', manifest(shared.digest))) },
    { name: 'GET manifest that is not there', prepare: always(() => expect(404, 'GET', manifest('nothing'))) },
    {
      name: 'HEAD blob, first time',
      prepare: async () => {
        const { layers } = await freshImage();
        return () => expect(200, 'HEAD', blob(layers[0]!.digest));
      },
    },
    { name: 'HEAD blob, again', prepare: always(() => expect(200, 'HEAD', blob(shared.layers[0]!.digest))) },
    {
      name: 'HEAD blob that is not there',
      prepare: always(() => expect(404, 'HEAD', blob(`sha256:${'0'.repeat(64)}`))),
    },
    { name: 'GET blob, again', prepare: always(() => expect(200, 'GET', blob(shared.layers[0]!.digest))) },
    { name: 'POST upload', prepare: always(() => startUpload()) },
    {
      name: 'PATCH upload',
      prepare: async (run) => {
        const [path, { bytes }] = [await startUpload(), layerOf(run)];
        return () => expect(202, 'PATCH', path, { headers: octets, body: bytes });
      },
    },
    {
      name: 'PUT upload, after a PATCH',
      prepare: async (run) => {
        const [path, { bytes, digest }] = [await startUpload(), layerOf(run)];
        const patched = await expect(202, 'PATCH', path, { headers: octets, body: bytes });
        const closing = pathOf(patched, server.origin);
        return () => expect(201, 'PUT', `${closing}${closing.includes('?') ? '&' : '?'}digest=${digest}`);
      },
    },
    {
      name: 'POST upload with the whole blob',
      prepare: async (run) => {
        const { bytes, digest } = layerOf(run);
        const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
        return () => expect(201, 'POST', path, { headers: octets, body: bytes });
      },
    },
    {
      name: 'POST upload that mounts',
      prepare: async () => {
        const { layers } = await freshImage();
        const path = `/v2/statements/other/blobs/uploads/?mount=${layers[0]!.digest}&from=${repository}`;
        return () => expect(201, 'POST', path);
      },
    },
    {
      name: 'PUT manifest of 2 layers, new, with a tag',
      prepare: async () => {
        const image = makeImage({ seed: `manifest ${next()}`, layers: 2 });
        for (const { bytes, digest } of [image.config, ...image.layers])
          await client.pushBlob(repository, bytes, digest);
        const put = { headers: { 'content-type': image.mediaType }, body: image.bytes };
        const path = manifest(`put-${made}`);
        return () => expect(201, 'PUT', path, put);
      },
    },
    {
      name: 'PUT manifest that is there, with a tag that moves',
      prepare: async () => {
        await freshImage('moving');
        const put = { headers: { 'content-type': shared.mediaType }, body: shared.bytes };
        return () => expect(201, 'PUT', manifest('moving'), put);
      },
    },
    {
      name: 'DELETE manifest by digest',
      prepare: async () => {
        const { digest } = await freshImage();
        return () => expect(202, 'DELETE', manifest(digest));
      },
    },
    { name: 'GET tags/list', prepare: always(() => expect(200, 'GET', `/v2/${repository}/tags/list?n=20`)) },
    { name: 'GetAuthorizationToken', prepare: always(() => call('GetAuthorizationToken')) },
    { name: 'DescribeRepositories', prepare: always(() => call('DescribeRepositories')) },
    {
      name: 'DescribeImages, a page of 20',
      prepare: always(() => call('DescribeImages', { repositoryName: repository, maxResults: 20 })),
    },
    {
      name: 'DescribeImages of one tag',
      prepare: always(() => call('DescribeImages', { repositoryName: repository, imageIds: [{ imageTag: 'v1' }] })),
    },
    {
      name: 'ListImages, a page of 20',
      prepare: always(() => call('ListImages', { repositoryName: repository, maxResults: 20 })),
    },
    {
      name: 'BatchGetImage of one tag',
      prepare: always(() => call('BatchGetImage', { repositoryName: repository, imageIds: [{ imageTag: 'v1' }] })),
    },
    {
      name: 'BatchCheckLayerAvailability of 2 layers',
      prepare: always(() =>
        call('BatchCheckLayerAvailability', {
          repositoryName: repository,
          layerDigests: shared.layers.map(({ digest }) => digest),
        }),
      ),
    },
    {
      name: 'CreateRepository',
      prepare: async () => {
        const repositoryName = `statements/new-${next()}`;
        return () => call('CreateRepository', { repositoryName });
      },
    },
  ];
}

async function push(client: RegistryClient, seed: string, tag: string): Promise<TestImage> {
  const image = makeImage({ seed, layers: 2 });
  await client.pushImage(repository, image, tag);
  return image;
}
