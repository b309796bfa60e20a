/** A client of the registry protocol that shows every status and header. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md */
import { blobsOf } from './image-archives.ts';
import { mediaTypes, sha256Of, type TestImage, type TestIndex } from './make-image.ts';
import { type Reply, type RequestOptions, rawRequest } from './raw-request.ts';

export interface RegistryAccess {
  readonly origin: string;
  /** The docker password; left out, requests go without credentials. */
  readonly token?: string;
  /** The Host header, for other accounts and regions. */
  readonly host?: string;
}

export interface RegistryClient {
  /** Any request; `path` is sent as it is. */
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** POST, then one PUT with the bytes. Answers the last reply. */
  pushBlob(repository: string, bytes: Uint8Array, digest?: string): Promise<Reply>;
  pushManifest(repository: string, reference: string, bytes: Uint8Array, mediaType: string): Promise<Reply>;
  /** All blobs, children before the index, then the manifest under `reference` (its digest when left out). Throws unless all is created. */
  pushImage(repository: string, image: TestImage | TestIndex, reference?: string): Promise<Reply>;
  getManifest(repository: string, reference: string, accept?: string): Promise<Reply>;
  getBlob(repository: string, digest: string): Promise<Reply>;
  /** Reads the image of `reference` whole and checks every digest. Answers the digest of the manifest. Throws on the first difference. */
  checkImage(repository: string, reference: string): Promise<string>;
}

const allManifests = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerList,
].join(', ');

export function registryClient(access: RegistryAccess): RegistryClient {
  const credentials: Record<string, string> = {};
  if (access.token !== undefined) credentials.authorization = basicAuthorization(access.token);
  if (access.host !== undefined) credentials.host = access.host;

  const request: RegistryClient['request'] = (method, path, options = {}) =>
    rawRequest(access.origin, method, path, { ...options, headers: { ...credentials, ...options.headers } });

  const pushBlob: RegistryClient['pushBlob'] = async (repository, bytes, digest = sha256Of(bytes)) => {
    const started = await request('POST', `/v2/${repository}/blobs/uploads/`);
    if (started.status !== 202) return started;
    const location = pathOf(started, access.origin);
    return request('PUT', `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`, {
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
    });
  };

  const pushManifest: RegistryClient['pushManifest'] = (repository, reference, bytes, mediaType) =>
    request('PUT', `/v2/${repository}/manifests/${reference}`, { headers: { 'content-type': mediaType }, body: bytes });

  const getManifest: RegistryClient['getManifest'] = (repository, reference, accept = allManifests) =>
    request('GET', `/v2/${repository}/manifests/${reference}`, { headers: { accept } });

  const getBlob: RegistryClient['getBlob'] = (repository, digest) =>
    request('GET', `/v2/${repository}/blobs/${digest}`);

  const pushImage: RegistryClient['pushImage'] = async (repository, image, reference = image.digest) => {
    for (const blob of blobsOf(image)) mustBe(201, await pushBlob(repository, blob.bytes, blob.digest), blob.digest);
    for (const child of 'images' in image ? image.images : []) {
      mustBe(201, await pushManifest(repository, child.digest, child.bytes, child.mediaType), child.digest);
    }
    return mustBe(201, await pushManifest(repository, reference, image.bytes, image.mediaType), reference);
  };

  const checkImage: RegistryClient['checkImage'] = async (repository, reference) => {
    const reply = mustBe(200, await getManifest(repository, reference), reference);
    const digest = sha256Of(reply.body);
    if (reply.headers['docker-content-digest'] !== digest) {
      throw new Error(`${reference}: header says ${reply.headers['docker-content-digest']}, bytes are ${digest}`);
    }
    const manifest = JSON.parse(reply.body.toString('utf8'));
    for (const child of manifest.manifests ?? []) await checkImage(repository, child.digest);
    for (const part of [...(manifest.config ? [manifest.config] : []), ...(manifest.layers ?? [])]) {
      const blob = mustBe(200, await followed(await getBlob(repository, part.digest)), part.digest);
      if (sha256Of(blob.body) !== part.digest || blob.body.length !== part.size) {
        throw new Error(
          `blob ${part.digest} of ${reference} came back as ${sha256Of(blob.body)}, ${blob.body.length} bytes`,
        );
      }
    }
    return digest;
  };

  return { request, pushBlob, pushManifest, pushImage, getManifest, getBlob, checkImage };
}

export function basicAuthorization(token: string): string {
  return `Basic ${Buffer.from(`AWS:${token}`).toString('base64')}`;
}

/** Path and query of the Location header, which may be absolute or relative. */
export function pathOf(reply: Reply, origin: string): string {
  const { location } = reply.headers;
  if (location === undefined) throw new Error(`answer ${reply.status} has no Location`);
  const url = new URL(location, origin);
  return url.pathname + url.search;
}

/** What a client gets in the end, where the registry leads it to the store: without its credentials, as clients should. */
async function followed(reply: Reply): Promise<Reply> {
  if (reply.status !== 307 || reply.headers.location === undefined) return reply;
  const url = new URL(reply.headers.location);
  return rawRequest(url.origin, 'GET', url.pathname + url.search);
}

function mustBe(status: number, reply: Reply, what: string): Reply {
  if (reply.status === status) return reply;
  throw new Error(`${what}: expected ${status}, got ${reply.status} ${reply.body.toString('utf8').slice(0, 500)}`);
}
