/** PutImage, to the text of their errors (behaviour page, sections 2, 6, 10 and 26). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeBlob, makeImage, makeIndex, noise } from '../support/make-image.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { awsCalls, invalid, noRepository, putImageInput } from './aws-calls.ts';

let server: TestServer;
const { ok, refused, pushImage, newRepository, pushLayer } = awsCalls(() => server);
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const registryId = '000000000000';

const inRepository = (name: string) => `in the repository with name '${name}' in registry with id '000000000000'`;

test('PutImage stores, tags, moves tags and says when there is nothing to do', async () => {
  const repositoryName = await newRepository('images/put');
  const image = makeImage({ seed: 'put' });
  const answer = await pushImage(repositoryName, image, 'v1');
  const imageManifest = image.bytes.toString('utf8');
  const common = { registryId, repositoryName, imageManifest, imageManifestMediaType: image.mediaType };
  assert.deepEqual(answer, { ...common, imageId: { imageDigest: image.digest, imageTag: 'v1' } });
  assert.deepEqual(
    (await ok('PutImage', putImageInput(repositoryName, image.bytes, { imageTag: 'v2' }))).image.imageId,
    {
      imageDigest: image.digest,
      imageTag: 'v2',
    },
  );

  const exists = (tag: string) =>
    `Image with digest '${image.digest}' and tag '${tag}' already exists ${inRepository(repositoryName)}`;
  await refused(
    'PutImage',
    putImageInput(repositoryName, image.bytes, { imageTag: 'v1' }),
    'ImageAlreadyExistsException',
    exists('v1'),
  );
  await refused('PutImage', putImageInput(repositoryName, image.bytes), 'ImageAlreadyExistsException', exists('null'));

  const next = makeImage({ seed: 'put-next' });
  await pushImage(repositoryName, next, 'v1');
  const { imageIds } = await ok('ListImages', { repositoryName });
  assert.deepEqual(imageIds, [
    { imageDigest: image.digest, imageTag: 'v2' },
    { imageDigest: next.digest, imageTag: 'v1' },
  ]);
});

test('PutImage keeps tags as the four mutability settings say', async () => {
  const [one, two] = [makeImage({ seed: 'one' }), makeImage({ seed: 'two' })];
  const filters = { imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'dev-*' }] };
  for (const [imageTagMutability, more, movable, fixed] of [
    ['MUTABLE', {}, ['v1', 'dev-1'], []],
    ['IMMUTABLE', {}, [], ['v1', 'dev-1']],
    ['MUTABLE_WITH_EXCLUSION', filters, ['v1'], ['dev-1']],
    ['IMMUTABLE_WITH_EXCLUSION', filters, ['dev-1'], ['v1']],
  ] as const) {
    const repositoryName = await newRepository(imageTagMutability.toLowerCase(), { imageTagMutability, ...more });
    for (const tag of ['v1', 'dev-1']) {
      if (tag === 'v1') await pushImage(repositoryName, one, tag);
      else await ok('PutImage', putImageInput(repositoryName, one.bytes, { imageTag: tag }));
      await refused(
        'PutImage',
        putImageInput(repositoryName, one.bytes, { imageTag: tag }),
        'ImageAlreadyExistsException',
        `Image with digest '${one.digest}' and tag '${tag}' already exists ${inRepository(repositoryName)}`,
      );
    }
    await pushImage(repositoryName, two);
    for (const imageTag of fixed) {
      await refused(
        'PutImage',
        putImageInput(repositoryName, two.bytes, { imageTag }),
        'ImageTagAlreadyExistsException',
        `The image tag '${imageTag}' already exists in the '${repositoryName}' repository and cannot be overwritten because the tag is immutable.`,
      );
    }
    for (const imageTag of movable) await ok('PutImage', putImageInput(repositoryName, two.bytes, { imageTag }));
  }
});

test('PutImage refuses what is no image of this repository', async () => {
  const repositoryName = await newRepository('images/refused');
  const image = makeImage({ seed: 'refused' });
  const missing = [image.config, ...image.layers].map((blob) => blob.digest).join(', ');
  const required = `required for pushing image into repository with name '${repositoryName}' in the registry with id '000000000000' do not exist`;
  await refused(
    'PutImage',
    putImageInput(repositoryName, image.bytes),
    'LayersNotFoundException',
    `Layers with digests '[${missing}]' ${required}`,
  );
  const index = makeIndex({ seed: 'refused-index' });
  const children = index.images.map((child) => child.digest).join(', ');
  await refused(
    'PutImage',
    putImageInput(repositoryName, index.bytes),
    'ReferencedImagesNotFoundException',
    `Images with digests '[${children}]' ${required}`,
  );
  const other = `sha256:${'0'.repeat(64)}`;
  await refused(
    'PutImage',
    putImageInput(repositoryName, image.bytes, { imageDigest: other }),
    'ImageDigestDoesNotMatchException',
    `The image with digest '${other}' in repository '${repositoryName}' and registry ID '000000000000' does not match the image digest that Amazon ECR has calculated.`,
  );
  const { mediaType: _, ...untyped } = JSON.parse(image.bytes.toString());
  for (const manifest of [JSON.stringify(untyped), '{', '[]', 'null', '{"schemaVersion":2,"schemaVersion":2}']) {
    await refused(
      'PutImage',
      putImageInput(repositoryName, Buffer.from(manifest)),
      ...invalid('ImageManifest', 'Invalid JSON syntax'),
    );
  }
  await refused('PutImage', putImageInput('none', image.bytes), ...noRepository('none'));
  assert.deepEqual(await ok('ListImages', { repositoryName }), { imageIds: [] });
});

test('PutImage takes an untyped manifest with imageManifestMediaType and gives it back so', async () => {
  const repositoryName = await newRepository('images/untyped');
  const image = makeImage({ seed: 'untyped' });
  await pushImage(repositoryName, image);
  const { mediaType, ...untyped } = JSON.parse(image.bytes.toString());
  const manifest = Buffer.from(JSON.stringify(untyped));
  const { image: stored } = await ok(
    'PutImage',
    putImageInput(repositoryName, manifest, { imageManifestMediaType: mediaType, imageTag: 'untyped' }),
  );
  assert.equal(stored.imageManifestMediaType, mediaType);
  const { images } = await ok('BatchGetImage', { repositoryName, imageIds: [{ imageTag: 'untyped' }] });
  assert.deepEqual([images[0].imageManifest, images[0].imageManifestMediaType], [manifest.toString(), mediaType]);
});

test('PutImage takes a manifest of nearly 4 MiB, whatever has to be escaped in it', async () => {
  const repositoryName = await newRepository('images/large');
  const config = makeBlob('application/vnd.oci.image.config.v1+json', Buffer.from('{}'));
  await pushLayer(repositoryName, config);
  const annotations = { quotes: '"'.repeat(1_000_000), other: noise('large', 500_000).toString('hex') };
  const { bytes: _, ...descriptor } = config;
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor,
    layers: [],
    annotations,
  });
  const { image } = await ok('PutImage', putImageInput(repositoryName, Buffer.from(manifest)));
  const { images } = await ok('BatchGetImage', {
    repositoryName,
    imageIds: [{ imageDigest: image.imageId.imageDigest }],
  });
  assert.equal(images[0].imageManifest === manifest, true);
});
