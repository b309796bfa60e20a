import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { descriptorOf, makeArtifact, makeImage, mediaTypes } from '../../../../../tests/support/make-image.ts';
import { createMemoryEcr, type MemoryEcr } from '../../../../../tests/support/memory-ecr.ts';
import { Fault } from '../../../fault.ts';
import type { RepositoryRef } from '../../repositories/repository-ref.ts';
import { batchDeleteImage } from './batch-delete-image.ts';
import { batchGetImage } from './batch-get-image.ts';
import { describeImages } from './describe-images.ts';
import { listImageReferrers } from './list-image-referrers.ts';
import { listImages } from './list-images.ts';
import { putImage } from './put-image.ts';

let memory: MemoryEcr;
let app: RepositoryRef;
beforeEach(async () => {
  memory = await createMemoryEcr();
  app = await memory.createRepository('app');
});
afterEach(() => memory.close());

const repositoryName = 'app';
const absent = `sha256:${'0'.repeat(64)}`;
const refusal = (code: string, text?: string) => (error: unknown) => {
  assert(error instanceof Fault, String(error));
  assert.equal(error.code, code);
  if (text !== undefined) assert.equal(error.message, text);
  return true;
};

describe('PutImage', () => {
  const put = (input: Omit<Parameters<typeof putImage.handle>[1], 'repositoryName'>) =>
    putImage.handle(memory.context, { repositoryName, ...input });

  test('answers the image, and ImageAlreadyExists when nothing changes', async () => {
    const image = makeImage({ seed: 'a' });
    await memory.push(app, image);
    const imageManifest = image.bytes.toString();
    assert.deepEqual(await put({ imageManifest, imageTag: 'v1' }), {
      image: {
        registryId: '123456789012',
        repositoryName,
        imageId: { imageDigest: image.digest, imageTag: 'v1' },
        imageManifest,
        imageManifestMediaType: mediaTypes.ociManifest,
      },
    });
    await assert.rejects(
      put({ imageManifest, imageTag: 'v1' }),
      refusal(
        'ImageAlreadyExistsException',
        `Image with digest '${image.digest}' and tag 'v1' already exists in the repository with name 'app' in registry with id '123456789012'`,
      ),
    );
    await assert.rejects(put({ imageManifest }), refusal('ImageAlreadyExistsException'));
  });

  test('needs a media type from the manifest or beside it', async () => {
    const image = makeImage({ seed: 'a' });
    await memory.push(app, image);
    const { mediaType: _, ...untyped } = JSON.parse(image.bytes.toString());
    const imageManifest = JSON.stringify(untyped);
    const syntax = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'";
    await assert.rejects(put({ imageManifest }), refusal('InvalidParameterException', syntax));
    const { image: stored } = await put({ imageManifest, imageManifestMediaType: mediaTypes.ociManifest });
    assert.equal(stored?.imageManifestMediaType, mediaTypes.ociManifest);
    const got = await batchGetImage.handle(memory.context, { repositoryName, imageIds: [stored!.imageId!] });
    assert.equal(got.images?.[0]?.imageManifest, imageManifest, 'byte for byte');
  });

  test('keeps every letter, and refuses half of one', async () => {
    const image = makeImage({ seed: 'a', annotations: { title: 'Größe 大 😀' } });
    await memory.push(app, image);
    assert(await put({ imageManifest: image.bytes.toString(), imageTag: 'v1' }));
    const half = image.bytes.toString().replace('😀', '\ud83d');
    await assert.rejects(put({ imageManifest: half }), refusal('InvalidParameterException'));
  });
});

test('PutImage refuses tags that no client could name', async () => {
  const image = makeImage({ seed: 'a' });
  await memory.push(app, image);
  const imageManifest = image.bytes.toString();
  for (const imageTag of ['a b', 'a/b', 'a:b', '.a', '-a', 'é', 'a\n', '\u0000']) {
    await assert.rejects(
      putImage.handle(memory.context, { repositoryName, imageManifest, imageTag }),
      refusal(
        'InvalidParameterException',
        "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9_.-]*''",
      ),
    );
  }
  assert(
    await putImage.handle(memory.context, { repositoryName, imageManifest, imageTag: `v1.2_x-${'y'.repeat(290)}` }),
  );
});

describe('BatchGetImage', () => {
  test('echoes the tag when it was asked for, and tells what is not there', async () => {
    const image = makeImage({ seed: 'a' });
    await memory.push(app, image, 'v1');
    const { images, failures } = await batchGetImage.handle(memory.context, {
      repositoryName,
      imageIds: [
        { imageTag: 'v1' },
        { imageDigest: image.digest },
        { imageTag: 'none' },
        { imageDigest: absent, imageTag: 'v1' },
        {},
      ],
      acceptedMediaTypes: [mediaTypes.dockerManifest],
    });
    assert.deepEqual(
      images?.map(({ imageId }) => imageId),
      [{ imageDigest: image.digest, imageTag: 'v1' }, { imageDigest: image.digest }],
    );
    assert.equal(images[0]?.imageManifest, image.bytes.toString());
    assert.deepEqual(
      failures?.map(({ imageId, failureCode }) => [imageId, failureCode]),
      [
        [{ imageTag: 'none' }, 'ImageNotFound'],
        [{ imageDigest: absent, imageTag: 'v1' }, 'ImageNotFound'],
        [{}, 'MissingDigestAndTag'],
      ],
    );
    await assert.rejects(
      batchGetImage.handle(memory.context, { repositoryName: 'none', imageIds: [{ imageTag: 'v1' }] }),
      refusal('RepositoryNotFoundException'),
    );
  });

  test('counts as a pull', async () => {
    await memory.push(app, makeImage({ seed: 'a' }), 'v1');
    const pulledAt = async () =>
      (await describeImages.handle(memory.context, { repositoryName })).imageDetails?.[0]?.lastRecordedPullTime;
    assert.equal(await pulledAt(), undefined);
    memory.pass(1000);
    await batchGetImage.handle(memory.context, { repositoryName, imageIds: [{ imageTag: 'v1' }] });
    assert.deepEqual(await pulledAt(), new Date(memory.ecr.clock.now()));
    await memory.ecr.pullTimes.flush();
    assert.deepEqual(await pulledAt(), new Date(memory.ecr.clock.now()));
  });

  test('gives no more than a server can hold', async () => {
    const imageIds = [];
    for (let at = 0; at < 9; at += 1) {
      const big = makeImage({ seed: `${at}`, annotations: { pad: 'x'.repeat(4_000_000) } });
      await memory.push(app, big);
      imageIds.push({ imageDigest: big.digest });
    }
    await assert.rejects(
      batchGetImage.handle(memory.context, { repositoryName, imageIds }),
      refusal('LimitExceededException'),
    );
    const { images } = await batchGetImage.handle(memory.context, { repositoryName, imageIds: imageIds.slice(0, 8) });
    assert.equal(images?.length, 8);
  });
});

describe('DescribeImages', () => {
  const describeThem = (input: Omit<Parameters<typeof describeImages.handle>[1], 'repositoryName'> = {}) =>
    describeImages.handle(memory.context, { repositoryName, ...input });

  test('shows an image with everything that applies, and nothing else', async () => {
    const image = makeImage({ seed: 'a' });
    await memory.push(app, image, 'v1', 'v2');
    const signature = makeArtifact({ artifactType: 'application/x.sig', payload: 'x', subject: descriptorOf(image) });
    await memory.push(app, signature);
    const { imageDetails } = await describeThem();
    const size = (of: typeof image) => [of.config, ...of.layers].reduce((sum, layer) => sum + layer.size, 0);
    const shared = { registryId: '123456789012', repositoryName, imagePushedAt: new Date(memory.ecr.clock.now()) };
    assert.deepEqual(imageDetails, [
      {
        ...shared,
        imageDigest: image.digest,
        imageTags: ['v1', 'v2'],
        imageSizeInBytes: size(image),
        imageManifestMediaType: mediaTypes.ociManifest,
        artifactMediaType: mediaTypes.ociConfig,
        imageStatus: 'ACTIVE',
      },
      {
        ...shared,
        imageDigest: signature.digest,
        imageSizeInBytes: size(signature),
        imageManifestMediaType: mediaTypes.ociManifest,
        artifactMediaType: 'application/x.sig',
        subjectManifestDigest: image.digest,
        imageStatus: 'ACTIVE',
      },
    ]);
  });

  test('by id answers one entry per image and fails as a whole, naming what was asked', async () => {
    const image = makeImage({ seed: 'a' });
    await memory.push(app, image, 'v1', 'v2');
    const ids = [{ imageTag: 'v2' }, { imageDigest: image.digest }, { imageTag: 'v1', imageDigest: image.digest }];
    assert.equal((await describeThem({ imageIds: ids })).imageDetails?.length, 1);
    await assert.rejects(
      describeThem({ imageIds: [{ imageTag: 'v1' }, { imageTag: 'none' }] }),
      refusal(
        'ImageNotFoundException',
        "The image with imageId {imageDigest:'null', imageTag:'none'} does not exist within the repository with name 'app' in the registry with id '123456789012'",
      ),
    );
    await assert.rejects(
      describeThem({ imageIds: [{ imageDigest: absent, imageTag: 'v1' }] }),
      refusal('ImageNotFoundException'),
    );
    await assert.rejects(describeThem({ imageIds: [{}] }), refusal('InvalidParameterException'));
  });

  test('filters and pages in push order, and its tokens fit no other listing', async () => {
    const images = Array.from({ length: 5 }, (_, at) => makeImage({ seed: `${at}` }));
    for (const [at, image] of images.entries()) await memory.push(app, image, ...(at % 2 === 0 ? [`v${at}`] : []));
    const digestsOf = async (input: Parameters<typeof describeThem>[0]) => {
      const digests: string[] = [];
      let nextToken: string | undefined;
      do {
        const page = await describeThem({ ...input, maxResults: 2, nextToken });
        assert((page.imageDetails?.length ?? 0) <= 2);
        digests.push(...page.imageDetails!.map(({ imageDigest }) => imageDigest!));
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      return digests.map((digest) => images.findIndex((image) => image.digest === digest));
    };
    assert.deepEqual(await digestsOf({}), [0, 1, 2, 3, 4]);
    assert.deepEqual(await digestsOf({ filter: { tagStatus: 'TAGGED' } }), [0, 2, 4]);
    assert.deepEqual(await digestsOf({ filter: { tagStatus: 'UNTAGGED', imageStatus: 'ANY' } }), [1, 3]);
    assert.deepEqual(await digestsOf({ filter: { imageStatus: 'ARCHIVED' } }), []);
    const { nextToken } = await describeThem({ maxResults: 1 });
    for (const input of [{ nextToken, filter: { tagStatus: 'TAGGED' as const } }, { nextToken: `${nextToken}x` }]) {
      await assert.rejects(describeThem(input), refusal('InvalidParameterException'));
    }
    await assert.rejects(
      listImages.handle(memory.context, { repositoryName, nextToken }),
      refusal('InvalidParameterException'),
    );
  });
});

test('ListImages names every tag and every untagged image, in order, page by page', async () => {
  const [one, two, three] = [makeImage({ seed: '1' }), makeImage({ seed: '2' }), makeImage({ seed: '3' })];
  await memory.push(app, one, 'b', 'a');
  await memory.push(app, two);
  await memory.push(app, three, 'c');
  const expected = [
    { imageDigest: one.digest, imageTag: 'b' },
    { imageDigest: one.digest, imageTag: 'a' },
    { imageDigest: two.digest },
    { imageDigest: three.digest, imageTag: 'c' },
  ];
  for (const maxResults of [1, 2, 3, 4]) {
    const listed = [];
    let nextToken: string | undefined;
    do {
      const page = await listImages.handle(memory.context, { repositoryName, maxResults, nextToken });
      listed.push(...page.imageIds!);
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    assert.deepEqual(listed, expected, `pages of ${maxResults}`);
  }
  const untagged = await listImages.handle(memory.context, { repositoryName, filter: { tagStatus: 'UNTAGGED' } });
  assert.deepEqual(untagged.imageIds, [{ imageDigest: two.digest }]);
  const archived = await listImages.handle(memory.context, { repositoryName, filter: { imageStatus: 'ARCHIVED' } });
  assert.deepEqual(archived, { imageIds: [] });
});

test('BatchDeleteImage answers lists, empty or not', async () => {
  await memory.push(app, makeImage({ seed: 'a' }), 'v1');
  const remove = () => batchDeleteImage.handle(memory.context, { repositoryName, imageIds: [{ imageTag: 'v1' }] });
  assert.deepEqual((await remove()).failures, []);
  assert.deepEqual((await remove()).imageIds, []);
});

test('ListImageReferrers pages and filters', async () => {
  const subject = makeImage({ seed: 'subject' });
  for (const [at, type] of ['a', 'b', 'a'].entries()) {
    const artifact = makeArtifact({ artifactType: `x/${type}`, payload: `${at}`, subject: descriptorOf(subject) });
    await memory.push(app, artifact);
  }
  const list = (input: Omit<Parameters<typeof listImageReferrers.handle>[1], 'repositoryName' | 'subjectId'> = {}) =>
    listImageReferrers.handle(memory.context, { repositoryName, subjectId: { imageDigest: subject.digest }, ...input });
  const all = await list();
  assert.deepEqual(
    all.referrers?.map(({ artifactType }) => artifactType),
    ['x/a', 'x/b', 'x/a'],
  );
  assert.equal(all.referrers[0]?.artifactStatus, 'ACTIVE');
  const filter = { artifactTypes: ['x/a'] };
  const first = await list({ filter, maxResults: 1 });
  const second = await list({ filter, maxResults: 1, nextToken: first.nextToken });
  assert.deepEqual([first.referrers?.length, second.referrers?.length, second.nextToken], [1, 1, undefined]);
  assert.notEqual(first.referrers?.[0]?.digest, second.referrers?.[0]?.digest);
  await assert.rejects(list({ nextToken: first.nextToken }), refusal('InvalidParameterException'));
  assert.deepEqual(await list({ filter: { artifactStatus: 'ARCHIVED' } }), { referrers: [] });
});
