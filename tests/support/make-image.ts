/**
 * Real images made in memory: layers are gzipped tars, the config names their diff ids, so that docker loads and unpacks them.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { tarOf } from './tar.ts';

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface TestBlob extends Descriptor {
  readonly bytes: Buffer;
}

export interface TestManifest extends Descriptor {
  /** The manifest, byte for byte. */
  readonly bytes: Buffer;
}

export interface TestImage extends TestManifest {
  readonly config: TestBlob;
  readonly layers: readonly TestBlob[];
}

export interface TestIndex extends TestManifest {
  readonly images: readonly TestImage[];
}

export interface ImageOptions {
  /** Images of the same seed and options are the same to the byte; of other seeds they share no layer. */
  readonly seed: string;
  readonly format?: 'oci' | 'docker';
  readonly layers?: number;
  /** Bytes of incompressible file content per layer. */
  readonly layerBytes?: number;
  readonly architecture?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function makeImage(options: ImageOptions): TestImage {
  const docker = options.format === 'docker';
  const architecture = options.architecture ?? 'amd64';
  const made = Array.from({ length: options.layers ?? 2 }, (_, at) =>
    makeLayer(
      `${options.seed}/${at}`,
      options.layerBytes ?? 256,
      docker ? mediaTypes.dockerLayer : mediaTypes.ociLayer,
    ),
  );
  const config = makeBlob(
    docker ? mediaTypes.dockerConfig : mediaTypes.ociConfig,
    Buffer.from(
      JSON.stringify({
        architecture,
        os: 'linux',
        created: '1970-01-01T00:00:00Z',
        config: { Cmd: ['/hello'], Labels: { seed: options.seed } },
        rootfs: { type: 'layers', diff_ids: made.map(({ diffId }) => diffId) },
        history: made.map((_, at) => ({ created: '1970-01-01T00:00:00Z', created_by: `layer ${at}` })),
      }),
    ),
  );
  const layers = made.map(({ layer }) => layer);
  const manifest = makeManifest(docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest, {
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
    ...(options.subject === undefined ? {} : { subject: descriptorOf(options.subject) }),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  });
  return { ...manifest, config, layers };
}

/** One image per architecture, under an OCI index or a Docker manifest list. */
export function makeIndex(options: ImageOptions & { readonly architectures?: readonly string[] }): TestIndex {
  const architectures = options.architectures ?? ['amd64', 'arm64'];
  const images = architectures.map((architecture) =>
    makeImage({ ...options, architecture, seed: `${options.seed}/${architecture}` }),
  );
  const manifests = images.map((image, at) => ({
    ...descriptorOf(image),
    platform: { architecture: architectures[at], os: 'linux' },
  }));
  const mediaType = options.format === 'docker' ? mediaTypes.dockerList : mediaTypes.ociIndex;
  return { ...makeManifest(mediaType, { manifests }), images };
}

/** An artifact (signature, SBOM…) that may point at a subject; its config is the empty descriptor. */
export function makeArtifact(options: {
  readonly artifactType: string;
  readonly payload: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}): TestImage {
  const config = makeBlob(mediaTypes.ociEmpty, Buffer.from('{}'));
  const layers = [makeBlob('text/plain', Buffer.from(options.payload))];
  const manifest = makeManifest(mediaTypes.ociManifest, {
    artifactType: options.artifactType,
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
    ...(options.subject === undefined ? {} : { subject: descriptorOf(options.subject) }),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  });
  return { ...manifest, config, layers };
}

export function makeBlob(mediaType: string, bytes: Buffer): TestBlob {
  return { mediaType, digest: sha256Of(bytes), size: bytes.length, bytes };
}

export function sha256Of(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Bytes that no compressor shortens, the same for the same seed: SHAKE-256 of it. */
export function noise(seed: string, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(seed).digest();
}

export function descriptorOf({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function makeLayer(seed: string, length: number, mediaType: string): { layer: TestBlob; diffId: string } {
  const name = `${sha256Of(Buffer.from(seed)).slice(7, 19)}.bin`;
  const tar = tarOf([{ name: 'files/' }, { name: `files/${name}`, content: noise(seed, length) }]);
  return { layer: makeBlob(mediaType, gzipSync(tar, { level: 1 })), diffId: sha256Of(tar) };
}

function makeManifest(mediaType: string, rest: Readonly<Record<string, unknown>>): TestManifest {
  return makeBlob(mediaType, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...rest })));
}
