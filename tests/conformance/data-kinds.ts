/**
 * Every kind of data that the official conformance program pushes, its optional ones included, as we make it: what is to be pushed,
 * in order, and how. Only sparse manifests are missing: ECR refuses them, and so do we, but for indexes where a
 * setting allows them (docs/scope.md).
 */
import { createHash } from 'node:crypto';
import { makeArtifact, makeBlob, makeImage, makeIndex, mediaTypes, noise, sha256Of } from '../support/make-image.ts';
import { tarOf } from '../support/tar.ts';

export interface PushedManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: string;
  readonly tags: readonly string[];
  /** Set the tags by parameters of a PUT by digest, as the 1.2 draft allows, instead of one PUT by tag each. */
  readonly tagParameters?: boolean;
  /** What the referrers API must say of it, apart from the descriptor itself. */
  readonly refersTo?: { readonly subject: string; readonly artifactType?: string; readonly annotations?: object };
}

export interface DataKind {
  readonly name: string;
  readonly blobs: readonly { readonly digest: string; readonly bytes: Buffer }[];
  /** Children before what lists them. */
  readonly manifests: readonly PushedManifest[];
}

type Content = { readonly digest: string; readonly bytes: Buffer; readonly mediaType: string; readonly size: number };

const sha512Of = (bytes: Uint8Array) => `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const described = ({ mediaType, digest, size }: Content) => ({ mediaType, digest, size });
const exampleType = 'application/vnd.example.oci.conformance.v1';
const otherType = 'application/vnd.example.oci.conformance.v2';

function manifestOf(
  members: Record<string, unknown>,
  options: { tags?: readonly string[]; digestOf?: (bytes: Buffer) => string; index?: boolean } = {},
): PushedManifest & Content {
  const mediaType = options.index ? mediaTypes.ociIndex : mediaTypes.ociManifest;
  const bytes = json({ schemaVersion: 2, mediaType, ...members });
  const digest = (options.digestOf ?? sha256Of)(bytes);
  return { bytes, mediaType, digest, size: bytes.length, tags: options.tags ?? [] };
}

function image(name: string, options: Partial<Parameters<typeof makeImage>[0]> = {}, tags = [name]): DataKind {
  const made = makeImage({ seed: name, ...options });
  return { name, blobs: [made.config, ...made.layers], manifests: [{ ...made, tags }] };
}

function index(name: string, options: Partial<Parameters<typeof makeIndex>[0]> = {}, tags = [name]): DataKind {
  const made = makeIndex({ seed: name, ...options });
  return {
    name,
    blobs: made.images.flatMap((child) => [child.config, ...child.layers]),
    manifests: [...made.images.map((child) => ({ ...child, tags: [] })), { ...made, tags }],
  };
}

function uncompressed(): DataKind {
  const layer = makeBlob(
    'application/vnd.oci.image.layer.v1.tar',
    tarOf([{ name: 'file', content: noise('tar', 300) }]),
  );
  const config = makeBlob(mediaTypes.ociConfig, json({ rootfs: { type: 'layers', diff_ids: [layer.digest] } }));
  const manifest = manifestOf({ config: described(config), layers: [described(layer)] }, { tags: ['uncompressed'] });
  return { name: 'uncompressed image', blobs: [layer, config], manifests: [manifest] };
}

function nestedIndex(): DataKind {
  const [one, two] = [index('nested/one', {}, []), index('nested/two', {}, [])];
  const inner = [one, two].map(({ manifests }) => manifests.at(-1) as PushedManifest & Content);
  const outer = manifestOf({ manifests: inner.map(described) }, { index: true, tags: ['nested'] });
  return {
    name: 'nested index',
    blobs: [...one.blobs, ...two.blobs],
    manifests: [...one.manifests, ...two.manifests, outer],
  };
}

function artifact(name: string, payload: Buffer, payloadType: string): DataKind {
  const config = makeBlob(mediaTypes.ociEmpty, Buffer.from('{}'));
  const layer = makeBlob(payloadType, payload);
  const members = { artifactType: exampleType, config: described(config), layers: [described(layer)] };
  return { name, blobs: [config, layer], manifests: [manifestOf(members, { tags: [name.replaceAll(' ', '-')] })] };
}

function artifactIndex(): DataKind {
  const children = ['a', 'b'].map((payload) => makeArtifact({ artifactType: exampleType, payload }));
  const outer = manifestOf(
    { artifactType: exampleType, manifests: children.map(described) },
    { index: true, tags: ['artifact-index'] },
  );
  return {
    name: 'artifact index',
    blobs: children.flatMap((child) => [child.config, ...child.layers]),
    manifests: [...children.map((child) => ({ ...child, tags: [] })), outer],
  };
}

function artifactsWithSubject(): DataKind {
  const subject = makeImage({ seed: 'subject' });
  const plain = makeImage({ seed: 'plain referrer', subject });
  const annotations = { 'org.opencontainers.conformance': 'hello' };
  const typed = [exampleType, otherType].map((artifactType) =>
    makeArtifact({ artifactType, payload: artifactType, subject, annotations }),
  );
  return {
    name: 'artifacts with subject',
    blobs: [subject, plain, ...typed].flatMap((made) => [made.config, ...made.layers]),
    manifests: [
      { ...subject, tags: ['subject'] },
      { ...plain, tags: [], refersTo: { subject: subject.digest, artifactType: mediaTypes.ociConfig } },
      ...typed.map((made, at) => ({
        ...made,
        tags: [`referrer-${at}`],
        refersTo: { subject: subject.digest, artifactType: [exampleType, otherType][at] as string, annotations },
      })),
    ],
  };
}

function indexWithSubject(): DataKind {
  const subject = index('index as subject', {}, ['index-subject']);
  const outer = subject.manifests.at(-1) as PushedManifest & Content;
  const child = makeArtifact({ artifactType: exampleType, payload: 'child' });
  const annotations = { 'org.opencontainers.conformance': 'hello' };
  const referrer = manifestOf(
    {
      artifactType: exampleType,
      manifests: [described(child)],
      subject: described({ ...outer, size: outer.bytes.length }),
      annotations,
    },
    { index: true, tags: ['index-referrer'] },
  );
  return {
    name: 'index with subject',
    blobs: [...subject.blobs, child.config, ...child.layers],
    manifests: [
      ...subject.manifests,
      { ...child, tags: [] },
      { ...referrer, refersTo: { subject: outer.digest, artifactType: exampleType, annotations } },
    ],
  };
}

function missingSubject(): DataKind {
  const subject = { mediaType: mediaTypes.ociManifest, digest: sha256Of(Buffer.from('missing content')), size: 123 };
  const made = makeArtifact({ artifactType: exampleType, payload: 'orphan', subject });
  const refersTo = { subject: subject.digest, artifactType: exampleType };
  return {
    name: 'missing subject',
    blobs: [made.config, ...made.layers],
    manifests: [{ ...made, tags: ['orphan'], refersTo }],
  };
}

function dataField(): DataKind {
  const made = makeImage({ seed: 'data' });
  const withData = (blob: Content) => ({ ...described(blob), data: blob.bytes.toString('base64') });
  const manifest = manifestOf(
    { config: withData(made.config), layers: made.layers.map(withData) },
    { tags: ['data-field'] },
  );
  return { name: 'data field', blobs: [made.config, ...made.layers], manifests: [manifest] };
}

function nonDistributable(): DataKind {
  const made = makeImage({ seed: 'third layer', layers: 1 });
  const foreign = ['tar+gzip', 'tar'].map((suffix, at) => {
    const digest = sha256Of(Buffer.from(`foreign ${at}`));
    return {
      mediaType: `application/vnd.oci.image.layer.nondistributable.v1.${suffix}`,
      digest,
      size: 12345,
      urls: [`https://store.example.com/blobs/sha256/${digest.slice(7)}`],
    };
  });
  const members = { config: described(made.config), layers: [...foreign, ...made.layers.map(described)] };
  return {
    name: 'non-distributable layers',
    blobs: [made.config, ...made.layers],
    manifests: [manifestOf(members, { tags: ['foreign'] })],
  };
}

function customFields(): DataKind {
  const layer = makeBlob(mediaTypes.ociLayer, noise('custom', 200));
  const config = makeBlob(
    mediaTypes.ociConfig,
    json({ 'org.example.extra': 1, rootfs: { type: 'layers', diff_ids: [] } }),
  );
  const extra = { 'org.example.extra': { deeply: [{ nested: true }] } };
  const child = manifestOf({ ...extra, config: { ...described(config), extra: 'x' }, layers: [described(layer)] });
  const outer = manifestOf({ manifests: [described(child)], ...extra }, { index: true, tags: ['custom-fields'] });
  return { name: 'custom fields', blobs: [layer, config], manifests: [child, outer] };
}

function noLayers(): DataKind {
  const config = makeBlob(mediaTypes.ociConfig, json({ rootfs: { type: 'layers', diff_ids: [] } }));
  const manifest = manifestOf({ config: described(config), layers: [] }, { tags: ['no-layers'] });
  return { name: 'no layers', blobs: [config], manifests: [manifest] };
}

/** Blobs, manifests and index under sha512 digests, with or without tags (which then must be parameters). */
function sha512(name: string, tags: readonly string[]): DataKind {
  const blob = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    bytes,
    digest: sha512Of(bytes),
    size: bytes.length,
  });
  const children = ['amd64', 'arm64'].map((architecture) => {
    const layer = blob(mediaTypes.ociLayer, noise(`${name} ${architecture}`, 400));
    const config = blob(
      mediaTypes.ociConfig,
      json({ name, architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
    );
    const members = { config: described(config), layers: [described(layer)] };
    return { blobs: [layer, config], manifest: manifestOf(members, { digestOf: sha512Of }) };
  });
  const outer = manifestOf(
    { manifests: children.map(({ manifest }) => described(manifest)) },
    { index: true, digestOf: sha512Of, tags },
  );
  return {
    name,
    blobs: children.flatMap(({ blobs }) => blobs),
    manifests: [...children.map(({ manifest }) => manifest), { ...outer, tagParameters: tags.length > 0 }],
  };
}

function tagParameters(): DataKind {
  const made = index('tag parameters', {}, ['top', 'top-again']);
  const manifests = made.manifests.map((manifest, at) => ({
    ...manifest,
    tags: [...manifest.tags, `each-${at}`],
    tagParameters: true,
  }));
  return { ...made, manifests };
}

const filler = Object.fromEntries(Array.from({ length: 390 }, (_, at) => [`filler-${at}`, 'A'.repeat(10_000)]));

export const dataKinds: readonly DataKind[] = [
  image('image'),
  uncompressed(),
  image('large manifest', { annotations: filler }, ['large']),
  index('index'),
  nestedIndex(),
  index('empty index', { architectures: [] }, ['empty']),
  artifact('artifact', Buffer.from('payload'), exampleType),
  artifactIndex(),
  artifact('artifact without layers', Buffer.from('{}'), mediaTypes.ociEmpty),
  artifactsWithSubject(),
  indexWithSubject(),
  missingSubject(),
  dataField(),
  nonDistributable(),
  customFields(),
  noLayers(),
  sha512('sha512', []),
  tagParameters(),
  sha512('tag parameters with sha512', ['sha512-top', 'sha512-again']),
  image('docker image', { format: 'docker' }, ['docker']),
  index('docker manifest list', { format: 'docker' }, ['docker-list']),
  {
    name: 'empty blob',
    blobs: [
      { digest: sha256Of(Buffer.alloc(0)), bytes: Buffer.alloc(0) },
      { digest: sha512Of(Buffer.alloc(0)), bytes: Buffer.alloc(0) },
    ],
    manifests: [],
  },
];
