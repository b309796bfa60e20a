/**
 * Reads manifests as a registry must: strictly where two readers could disagree about what an image is, leniently about
 * everything else. Nothing is looked up here. https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
import { isUtf8 } from 'node:buffer';
import { type Descriptor, parseDescriptor, parseDescriptors } from './descriptor.ts';
import { findJsonFlaw } from './json-structure.ts';
import { ManifestProblem } from './manifest-problem.ts';
import { emptyDescriptorType, type ManifestKind, manifestKindOf } from './media-types.ts';

export interface ParsedManifest {
  readonly mediaType: string;
  readonly kind: ManifestKind;
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  readonly manifests: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  /** As the referrers API shows it: the manifest's own, else the config's media type. */
  readonly artifactType: string | undefined;
  /** The config's media type, or the artifact type where the config is empty or there is none. */
  readonly artifactMediaType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

export interface ManifestLimits {
  readonly bytes: number;
  readonly layers: number;
  readonly manifests: number;
}

/** Real manifests nest 4 deep; annotations and unknown members a little more. */
const maxDepth = 64;

/**
 * Reads a manifest that was declared to be of `declaredMediaType` (the Content-Type, or imageManifestMediaType), if at all.
 * Throws ManifestProblem for whatever is not a manifest that we keep.
 */
export function parseManifest(
  bytes: Uint8Array,
  declaredMediaType: string | undefined,
  limits: ManifestLimits,
): ParsedManifest {
  if (bytes.byteLength > limits.bytes) throw new ManifestProblem('too-large', `is larger than ${limits.bytes} bytes`);
  const document = parseDocument(bytes);
  const mediaType = mediaTypeOf(document, declaredMediaType);
  const kind = manifestKindOf(mediaType);
  if (kind === undefined) throw new ManifestProblem('unsupported-type', mediaType);
  if (document.schemaVersion !== 2) throw new ManifestProblem('invalid', 'schemaVersion must be 2');
  refuseMixture(document, kind);
  const isImage = kind === 'image';
  const config = isImage ? parseDescriptor(document.config, 'config') : undefined;
  const ownArtifactType = optionalString(document, 'artifactType');
  return {
    mediaType,
    kind,
    config,
    layers: isImage ? parseDescriptors(document, 'layers', limits.layers) : [],
    manifests: isImage ? [] : parseDescriptors(document, 'manifests', limits.manifests),
    subject: isPresent(document.subject) ? parseDescriptor(document.subject, 'subject') : undefined,
    artifactType: ownArtifactType ?? config?.mediaType,
    artifactMediaType:
      config === undefined || config.mediaType === emptyDescriptorType
        ? (ownArtifactType ?? config?.mediaType)
        : config.mediaType,
    annotations: annotationsOf(document),
  };
}

/** The annotations of a manifest that has already been accepted; undefined when it has none. */
export function annotationsOfManifest(bytes: Uint8Array): Readonly<Record<string, string>> | undefined {
  return annotationsOf(parseDocument(bytes));
}

type Document = Readonly<Record<string, unknown>>;

function parseDocument(bytes: Uint8Array): Document {
  if (!isUtf8(bytes)) throw new ManifestProblem('syntax', 'is not valid UTF-8');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const flaw = findJsonFlaw(text, maxDepth);
  if (flaw?.kind === 'too-deep') throw new ManifestProblem('syntax', `is nested deeper than ${maxDepth}`);
  if (flaw !== undefined) throw new ManifestProblem('syntax', 'has a key twice in one object');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new ManifestProblem('syntax', 'is not JSON');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new ManifestProblem('syntax', 'is not a JSON object');
  }
  return document as Document;
}

/** What the document and its sender say it is; they must not contradict each other. */
function mediaTypeOf(document: Document, declared: string | undefined): string {
  const own = optionalString(document, 'mediaType');
  const type = own ?? declared;
  if (type === undefined) throw new ManifestProblem('no-media-type', 'has no mediaType and none was declared');
  if (own !== undefined && declared !== undefined && own !== declared) {
    throw new ManifestProblem('invalid', 'mediaType is not the one that was declared');
  }
  return type;
}

/** A document that reads as an image by one client and as an index by another (CVE-2021-41190). */
function refuseMixture(document: Document, kind: ManifestKind): void {
  const foreign = kind === 'image' ? ['manifests'] : ['config', 'layers'];
  // An image in schema 1 has fsLayers: no reader may take it for something else.
  for (const member of [...foreign, 'fsLayers']) {
    if (isPresent(document[member])) throw new ManifestProblem('invalid', `${member} does not belong into an ${kind}`);
  }
}

function optionalString(document: Document, member: string): string | undefined {
  const value = document[member];
  if (!isPresent(value) || value === '') return undefined;
  if (typeof value !== 'string') throw new ManifestProblem('invalid', `${member} must be a string`);
  return value;
}

function annotationsOf(document: Document): Readonly<Record<string, string>> | undefined {
  const value = document.annotations;
  if (!isPresent(value)) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new ManifestProblem('invalid', 'annotations must be an object');
  }
  for (const text of Object.values(value as object)) {
    if (typeof text !== 'string') throw new ManifestProblem('invalid', 'annotations must be strings');
  }
  return value as Record<string, string>;
}

function isPresent(value: unknown): value is NonNullable<unknown> {
  return value !== undefined && value !== null;
}
