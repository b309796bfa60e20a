import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { annotationsOfManifest, parseManifest } from './manifest.ts';
import { ManifestProblem, type ManifestProblemKind } from './manifest-problem.ts';
import { dockerManifest, dockerManifestList, emptyDescriptorType, ociIndex, ociManifest } from './media-types.ts';

const limits = { bytes: 64 * 1024, layers: 100, manifests: 100 };
const digest = `sha256:${'ab'.repeat(32)}`;
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 2 };
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: 3 };
const image = { schemaVersion: 2, mediaType: ociManifest, config, layers: [layer] };
const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [{ mediaType: ociManifest, digest, size: 4 }] };

const bytesOf = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const parse = (value: unknown, declared?: string) => parseManifest(bytesOf(value), declared, limits);

function problemOf(value: unknown, declared?: string): ManifestProblemKind {
  try {
    parseManifest(value instanceof Uint8Array ? value : bytesOf(value), declared, limits);
  } catch (error) {
    assert(error instanceof ManifestProblem, String(error));
    return error.kind;
  }
  return assert.fail('accepted');
}

describe('accepts', () => {
  test('an image', () => {
    const parsed = parse(image);
    assert.equal(parsed.kind, 'image');
    assert.deepEqual(parsed.config, config);
    assert.deepEqual(parsed.layers, [layer]);
    assert.deepEqual(parsed.manifests, []);
    assert.equal(parsed.artifactType, config.mediaType);
    assert.equal(parsed.artifactMediaType, config.mediaType);
  });

  test('an index, nested or empty', () => {
    assert.deepEqual(parse(index).manifests, index.manifests);
    assert.equal(parse(index).artifactMediaType, undefined);
    assert.deepEqual(parse({ ...index, manifests: [] }).manifests, []);
    assert.deepEqual(parse({ ...index, manifests: null }).manifests, []);
    const nested = { ...index, manifests: [{ mediaType: ociIndex, digest, size: 4 }] };
    assert.deepEqual(parse(nested).manifests, nested.manifests);
  });

  test("Docker's two, also without a word of their own about their type", () => {
    assert.equal(parse({ ...image, mediaType: dockerManifest }, dockerManifest).kind, 'image');
    const { mediaType: _, ...untyped } = index;
    assert.equal(parse(untyped, dockerManifestList).mediaType, dockerManifestList);
  });

  test('an artifact: empty config, own type, subject, annotations, data, members nobody knows', () => {
    const subject = { mediaType: ociManifest, digest: `sha512:${'0'.repeat(128)}`, size: 9 };
    const parsed = parse({
      ...image,
      artifactType: 'application/x.sbom;version=0.2',
      config: { mediaType: emptyDescriptorType, digest, size: 2, data: 'e30=' },
      layers: [{ ...layer, urls: ['ftp://example.com/x', 7], annotations: { a: 'b' } }],
      subject,
      annotations: { 'org.example': 'x' },
      extension: { deeply: [{ nested: true }] },
    });
    assert.deepEqual(parsed.subject, subject);
    assert.equal(parsed.artifactType, 'application/x.sbom;version=0.2');
    assert.equal(parsed.artifactMediaType, 'application/x.sbom;version=0.2');
    assert.deepEqual(parsed.annotations, { 'org.example': 'x' });
  });

  test('no layers, and the same layer twice', () => {
    assert.deepEqual(parse({ ...image, layers: [] }).layers, []);
    assert.deepEqual(parse({ ...image, layers: null }).layers, []);
    assert.equal(parse({ ...image, layers: [layer, layer] }).layers.length, 2);
  });
});

describe('refuses', () => {
  const refused: readonly [string, ManifestProblemKind, unknown, string?][] = [
    ['nothing', 'syntax', ''],
    ['text', 'syntax', 'hello'],
    ['a list', 'syntax', []],
    ['null', 'syntax', 'null'],
    ['a byte order mark', 'syntax', `\ufeff${JSON.stringify(image)}`],
    ['invalid UTF-8', 'syntax', Buffer.concat([bytesOf(image).subarray(0, -1), Buffer.from(',"x":"\xff"}', 'latin1')])],
    ['a key twice', 'syntax', JSON.stringify(image).replace('{', '{"config":{},')],
    ['deep nesting', 'syntax', `{"x":${'['.repeat(1000)}${']'.repeat(1000)}}`],
    ['more bytes than allowed', 'too-large', { ...image, pad: 'x'.repeat(limits.bytes) }],
    ['no media type anywhere', 'no-media-type', { ...image, mediaType: undefined }],
    ['an unknown type', 'unsupported-type', { ...image, mediaType: 'application/json' }],
    ['schema 1 by its type', 'unsupported-type', {}, 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
    ['schema 1 by its content', 'invalid', { ...image, fsLayers: [] }],
    ['another type than declared', 'invalid', image, dockerManifest],
    ['a media type that is no text', 'invalid', { ...image, mediaType: 7 }],
    ['no schemaVersion', 'invalid', { ...image, schemaVersion: undefined }],
    ['schemaVersion as text', 'invalid', { ...image, schemaVersion: '2' }],
    ['an image with manifests', 'invalid', { ...image, manifests: [] }],
    ['an index with layers', 'invalid', { ...index, layers: [] }],
    ['an index with a config', 'invalid', { ...index, config }],
    ['an image without config', 'invalid', { ...image, config: undefined }],
    ['an image without layers', 'invalid', { ...image, layers: undefined }],
    ['layers that are no list', 'invalid', { ...image, layers: {} }],
    ['an index without manifests', 'invalid', { ...index, manifests: undefined }],
    ['a layer that is null', 'invalid', { ...image, layers: [null] }],
    ['a layer without media type', 'invalid', { ...image, layers: [{ ...layer, mediaType: '' }] }],
    ['a size below zero', 'invalid', { ...image, layers: [{ ...layer, size: -1 }] }],
    ['a size of a half', 'invalid', { ...image, layers: [{ ...layer, size: 0.5 }] }],
    ['a size as text', 'invalid', { ...image, layers: [{ ...layer, size: '3' }] }],
    ['a size beyond counting', 'invalid', { ...image, layers: [{ ...layer, size: 2 ** 53 }] }],
    ['a digest of another algorithm', 'invalid', { ...image, config: { ...config, digest: `md5:${'a'.repeat(32)}` } }],
    ['a digest with a path', 'invalid', { ...image, config: { ...config, digest: 'sha256:../../etc' } }],
    ['a digest in capitals', 'invalid', { ...index, manifests: [{ ...layer, digest: digest.toUpperCase() }] }],
    ['a subject that is none', 'invalid', { ...image, subject: 'x' }],
    ['annotations that are no texts', 'invalid', { ...image, annotations: { a: 1 } }],
    ['too many layers', 'too-many-layers', { ...image, layers: Array(101).fill(layer) }],
    ['too many manifests', 'too-many-manifests', { ...index, manifests: Array(101).fill(layer) }],
  ];
  for (const [what, kind, value, declared] of refused) {
    test(what, () => assert.equal(problemOf(value, declared), kind));
  }

  test('whatever else there is, with nothing but ManifestProblem', () => {
    const member = fc.constantFrom(
      'config',
      'layers',
      'manifests',
      'subject',
      'schemaVersion',
      'annotations',
      'artifactType',
    );
    fc.assert(
      fc.property(fc.constantFrom(image, index), member, fc.jsonValue({ maxDepth: 3 }), (base, name, value) => {
        try {
          parse({ ...base, [name]: value });
        } catch (error) {
          assert(error instanceof ManifestProblem, String(error));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

test('annotations of an accepted manifest are read again', () => {
  assert.deepEqual(annotationsOfManifest(bytesOf({ ...image, annotations: { a: 'b' } })), { a: 'b' });
  assert.equal(annotationsOfManifest(bytesOf(image)), undefined);
});
