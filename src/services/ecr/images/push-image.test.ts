import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { descriptorOf, makeArtifact, makeImage, makeIndex, mediaTypes } from '../../../../tests/support/make-image.ts';
import { createMemoryEcr, type MemoryEcr } from '../../../../tests/support/memory-ecr.ts';
import { digestOf } from '../../../lib/oci/digest.ts';
import { Fault } from '../../fault.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { findImage } from './find-image.ts';
import { pushImage } from './push-image.ts';

let memory: MemoryEcr;
let app: RepositoryRef;
beforeEach(async () => {
  memory = await createMemoryEcr();
  app = await memory.createRepository('app');
});
afterEach(() => memory.close());

type Manifest = { readonly bytes: Buffer; readonly mediaType: string };
const push = (
  manifest: Manifest,
  tags: readonly string[] = [],
  options: { ref?: RepositoryRef; digest?: string; sparse?: boolean } = {},
) =>
  pushImage(memory.ecr, options.ref ?? app, {
    manifest: manifest.bytes,
    mediaType: manifest.mediaType,
    tags,
    digest: options.digest,
    ...(options.sparse !== undefined && { sparse: options.sparse }),
  });

const digestOfTag = async (tag: string) => (await findImage(memory.ecr, app, { tag }))?.digest;

const refusal = (code: string, text?: string) => (error: unknown) => {
  assert(error instanceof Fault, String(error));
  assert.equal(error.code, code);
  if (text !== undefined) assert.equal(error.message, text);
  return true;
};

async function uploadLayers(
  ...images: readonly { readonly config: { bytes: Buffer }; readonly layers: readonly { bytes: Buffer }[] }[]
) {
  for (const image of images)
    for (const { bytes } of [image.config, ...image.layers]) await memory.pushLayer(app, bytes);
}

describe('an image', () => {
  test('is found by tag and digest, byte for byte, and remembers its first push', async () => {
    const image = makeImage({ seed: 'a' });
    await uploadLayers(image);
    const first = await push(image, ['v1']);
    assert.deepEqual([first.created, first.tagsChanged], [true, true]);
    memory.pass(1000);
    const again = await push(image, ['v2']);
    assert.deepEqual([again.created, again.tagsChanged], [false, true]);
    assert.equal(again.image.pushedAt, first.image.pushedAt);
    for (const reference of [{ tag: 'v1' }, { tag: 'v2' }, { digest: image.digest }]) {
      const found = await findImage(memory.ecr, app, reference);
      assert.deepEqual(found?.manifest, image.bytes);
      assert.equal(found.mediaType, mediaTypes.ociManifest);
    }
    assert.equal(
      first.image.imageSize,
      [image.config, ...image.layers].reduce((sum, { size }) => sum + size, 0),
    );
    assert.equal(first.image.artifactMediaType, mediaTypes.ociConfig);
  });

  test('pushed again with the same tag changes nothing, under every mutability', async () => {
    const image = makeImage({ seed: 'a' });
    for (const tagMutability of ['MUTABLE', 'IMMUTABLE'] as const) {
      const ref = await memory.createRepository(`same-${tagMutability.toLowerCase()}`, { tagMutability });
      await memory.push(ref, image, 'v1');
      const again = await push(image, ['v1'], { ref });
      assert.deepEqual([again.created, again.tagsChanged], [false, false]);
      const untagged = await push(image, [], { ref });
      assert.deepEqual([untagged.created, untagged.tagsChanged], [false, false]);
    }
  });

  test('moves a tag, which leaves the other image untagged', async () => {
    const [one, two] = [makeImage({ seed: '1' }), makeImage({ seed: '2' })];
    await uploadLayers(one, two);
    await push(one, ['latest']);
    await push(two, ['latest']);
    assert.equal(await digestOfTag('latest'), two.digest);
    assert.equal((await findImage(memory.ecr, app, { digest: one.digest }))?.digest, one.digest);
  });

  test('does not move an immutable tag, and then keeps nothing', async () => {
    const ref = await memory.createRepository('fixed', { tagMutability: 'IMMUTABLE' });
    const [one, two] = [makeImage({ seed: '1' }), makeImage({ seed: '2' })];
    await memory.push(ref, one, 'v1');
    for (const { bytes } of [two.config, ...two.layers]) await memory.pushLayer(ref, bytes);
    await assert.rejects(
      push(two, ['new', 'v1'], { ref }),
      refusal(
        'ImageTagAlreadyExistsException',
        "The image tag 'v1' already exists in the 'fixed' repository and cannot be overwritten because the tag is immutable.",
      ),
    );
    assert.equal(await findImage(memory.ecr, ref, { digest: two.digest }), undefined);
    assert.equal(await findImage(memory.ecr, ref, { tag: 'new' }), undefined);
  });

  test('is kept under the digest of the algorithm that the sender names', async () => {
    const image = makeImage({ seed: 'sha512' });
    await uploadLayers(image);
    const digest = digestOf('sha512', image.bytes);
    assert.equal((await push(image, ['v1'], { digest })).image.digest, digest);
    assert.equal(await digestOfTag('v1'), digest);
  });

  test('with another digest than its sender says is refused', async () => {
    const image = makeImage({ seed: 'a' });
    const digest = `sha256:${'0'.repeat(64)}`;
    await assert.rejects(
      push(image, [], { digest }),
      refusal(
        'ImageDigestDoesNotMatchException',
        `The image with digest '${digest}' in repository 'app' and registry ID '123456789012' does not match the image digest that Amazon ECR has calculated.`,
      ),
    );
  });

  test('goes nowhere when the repository is missing', async () => {
    await assert.rejects(
      push(makeImage({ seed: 'a' }), [], { ref: memory.ref('none') }),
      refusal('RepositoryNotFoundException'),
    );
  });
});

describe('layers', () => {
  test('that are missing are named in the order of the manifest', async () => {
    const image = makeImage({ seed: 'a', layers: 3 });
    await memory.pushLayer(app, image.layers[1]!.bytes);
    await assert.rejects(
      push(image, ['v1']),
      refusal(
        'LayersNotFoundException',
        `Layers with digests '[${image.config.digest}, ${image.layers[0]!.digest}, ${image.layers[2]!.digest}]' required for pushing image into repository with name 'app' in the registry with id '123456789012' do not exist`,
      ),
    );
    assert.equal(await findImage(memory.ecr, app, { digest: image.digest }), undefined);
  });

  test('of another repository do not count', async () => {
    const image = makeImage({ seed: 'a' });
    const other = await memory.createRepository('other');
    await memory.push(other, image, 'v1');
    await assert.rejects(push(image), refusal('LayersNotFoundException'));
  });

  test('whose bytes are damaged count as missing, until they are pushed again', async () => {
    const image = makeImage({ seed: 'a' });
    await uploadLayers(image);
    const blob = await memory.ecr.metadata.read((tx) => tx.blobs.findByDigest(image.layers[0]!.digest));
    memory.objects.delete(blob!.location);
    memory.pass(61_000);
    await assert.rejects(push(image), (error: Fault) => error.message.includes(`'[${image.layers[0]!.digest}]'`));
    await memory.pushLayer(app, image.layers[0]!.bytes);
    assert.equal((await push(image)).created, true);
  });

  test('of another size than the manifest says are refused', async () => {
    const image = makeImage({ seed: 'a' });
    await uploadLayers(image);
    const wrong = Buffer.from(
      image.bytes.toString().replace(`"size":${image.config.size}`, `"size":${image.config.size + 1}`),
    );
    assert.notDeepEqual(wrong, image.bytes);
    await assert.rejects(push({ bytes: wrong, mediaType: image.mediaType }), (error: Fault) => {
      assert.equal(error.code, 'InvalidParameterException');
      assert.match(error.message, new RegExp(`The size of ${image.config.digest} is`));
      return true;
    });
  });
});

describe('an index', () => {
  test('needs its manifests, has the size of the largest, and no artifact type', async () => {
    const index = makeIndex({ seed: 'i' });
    await uploadLayers(...index.images);
    const missing = index.images.map(({ digest }) => digest).join(', ');
    await assert.rejects(
      push(index, ['multi']),
      refusal(
        'ReferencedImagesNotFoundException',
        `Images with digests '[${missing}]' required for pushing image into repository with name 'app' in the registry with id '123456789012' do not exist`,
      ),
    );
    const children = [];
    for (const image of index.images) children.push((await push(image)).image.imageSize);
    const { image } = await push(index, ['multi']);
    assert.equal(image.imageSize, Math.max(...children));
    assert.equal(image.artifactMediaType, undefined);
  });

  test('may be sparse where that is allowed', async () => {
    const index = makeIndex({ seed: 'i' });
    assert.equal((await push(index, ['sparse'], { sparse: true })).created, true);
    assert.equal(await digestOfTag('sparse'), index.digest);
  });
});

test('a subject need not be there', async () => {
  const subject = makeImage({ seed: 'subject' });
  const signature = makeArtifact({ artifactType: 'application/x.sig', payload: 'x', subject: descriptorOf(subject) });
  await uploadLayers(signature);
  const { subjectDigest, image } = await push(signature);
  assert.equal(subjectDigest, subject.digest);
  assert.equal(image.artifactMediaType, 'application/x.sig');
});

test('an image has at most 1,000 tags, moved ones not counted twice', async () => {
  const image = makeImage({ seed: 'tags' });
  await uploadLayers(image);
  const tags = Array.from({ length: 1000 }, (_, at) => `t${at}`);
  await push(image, tags);
  assert.equal((await push(image, ['t7'])).tagsChanged, false);
  await assert.rejects(
    push(image, ['t7', 'one-more']),
    refusal(
      'LimitExceededException',
      "Adding tag 'one-more' to an image in the repository with name 'app' in registry with id '123456789012' exceeds the maximum allowed number of tags per image which is '1000'",
    ),
  );
});

test('what is no manifest is refused in words of ECR', async () => {
  const wrong = (text: string) => push({ bytes: Buffer.from(text), mediaType: mediaTypes.ociManifest });
  const syntax = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'";
  await assert.rejects(wrong('{'), refusal('InvalidParameterException', syntax));
  await assert.rejects(
    push({ bytes: Buffer.from('{"schemaVersion":2}'), mediaType: 'text/html' }),
    refusal('InvalidParameterException', 'Unsupported manifest type: "text/html"'),
  );
  const layers = JSON.stringify(Array(1001).fill(descriptorOf(makeImage({ seed: 'x' }))));
  await assert.rejects(
    wrong(`{"schemaVersion":2,"config":${JSON.stringify(descriptorOf(makeImage({ seed: 'x' })))},"layers":${layers}}`),
    refusal(
      'InvalidParameterException',
      "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Limit on number of layers per image exceeded'",
    ),
  );
});
