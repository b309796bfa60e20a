/** The image operations, to the text of their errors (behaviour page, sections 2, 6, 10 and 26). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeArtifact, makeImage, makeIndex } from '../support/make-image.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { awsCalls, noRepository, type Output, putImageInput } from './aws-calls.ts';

let server: TestServer;
const { ok, refused, pushImage, newRepository, pushLayer } = awsCalls(() => server);
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const registryId = '000000000000';

test('BatchGetImage gives manifests byte for byte, and tells each failure for itself', async () => {
  const repositoryName = await newRepository('images/get');
  const image = makeImage({ seed: 'get', annotations: { text: 'ä \u{1f433} "quoted"' } });
  const other = makeImage({ seed: 'get-other' });
  await pushImage(repositoryName, image, 'v1');
  await pushImage(repositoryName, other, 'v2');
  const absent = `sha256:${'0'.repeat(64)}`;
  const asked = [
    { imageTag: 'v1' },
    { imageDigest: image.digest },
    { imageTag: 'none' },
    { imageDigest: absent },
    { imageDigest: 'sha256:invalid-digest' },
    {},
    { imageDigest: other.digest, imageTag: 'v1' },
    { imageTag: 'v1' },
  ];
  const { images, failures } = await ok('BatchGetImage', { repositoryName, imageIds: asked });
  assert.deepEqual(
    images.map((i: Output) => i.imageId),
    [{ imageDigest: image.digest, imageTag: 'v1' }, { imageDigest: image.digest }],
  );
  for (const { imageManifest } of images) assert.equal(imageManifest, image.bytes.toString('utf8'));
  assert.deepEqual(
    failures.map((f: Output) => [f.imageId, f.failureCode, f.failureReason]),
    [
      [{ imageTag: 'none' }, 'ImageNotFound', 'Requested image not found'],
      [{ imageDigest: absent }, 'ImageNotFound', 'Requested image not found'],
      [
        { imageDigest: 'sha256:invalid-digest' },
        'InvalidImageDigest',
        "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
      ],
      [{}, 'MissingDigestAndTag', 'Invalid request parameters: both tag and digest cannot be null'],
      [
        { imageDigest: other.digest, imageTag: 'v1' },
        'ImageTagDoesNotMatchDigest',
        'Invalid request parameters: image tag does not match image digest',
      ],
    ],
  );
});

test('DescribeImages shows sizes, types and times, and fails as a whole', async () => {
  const repositoryName = await newRepository('images/describe');
  const begin = Date.now();
  const image = makeImage({ seed: 'describe' });
  await pushImage(repositoryName, image, 'v1');
  await ok('PutImage', putImageInput(repositoryName, image.bytes, { imageTag: 'v2' }));
  const [detail] = (await ok('DescribeImages', { repositoryName, imageIds: [{ imageTag: 'v2' }] })).imageDetails;
  const { imagePushedAt, ...rest } = detail;
  assert.deepEqual(rest, {
    registryId,
    repositoryName,
    imageDigest: image.digest,
    imageTags: ['v1', 'v2'],
    imageSizeInBytes: [image.config, ...image.layers].reduce((sum, blob) => sum + blob.size, 0),
    imageManifestMediaType: image.mediaType,
    artifactMediaType: image.config.mediaType,
    imageStatus: 'ACTIVE',
  });
  assert.ok(imagePushedAt * 1000 >= begin - 1 && imagePushedAt * 1000 <= Date.now() + 1);
  const where = `does not exist within the repository with name '${repositoryName}' in the registry with id '000000000000'`;
  await refused(
    'DescribeImages',
    { repositoryName, imageIds: [{ imageTag: 'v1' }, { imageTag: 'none' }] },
    'ImageNotFoundException',
    `The image with imageId {imageDigest:'null', imageTag:'none'} ${where}`,
  );
  const absent = `sha256:${'0'.repeat(64)}`;
  await refused(
    'DescribeImages',
    { repositoryName, imageIds: [{ imageDigest: absent }] },
    'ImageNotFoundException',
    `The image with imageId {imageDigest:'${absent}', imageTag:'null'} ${where}`,
  );
});

test('DescribeImages of an index: the size is the largest child’s, and there is no artifact type', async () => {
  const repositoryName = await newRepository('images/index');
  const index = makeIndex({ seed: 'index' });
  for (const child of index.images) await pushImage(repositoryName, child);
  await ok('PutImage', putImageInput(repositoryName, index.bytes, { imageTag: 'multi' }));
  const { imageDetails } = await ok('DescribeImages', { repositoryName });
  const sizes = imageDetails.map((d: Output) => d.imageSizeInBytes);
  assert.equal(imageDetails.length, 3);
  assert.equal(sizes[2], Math.max(sizes[0], sizes[1]));
  assert.deepEqual(
    [imageDetails[2].imageTags, imageDetails[2].artifactMediaType, imageDetails[0].imageTags],
    [['multi'], undefined, undefined],
  );
});

test('ListImages and DescribeImages page in push order and filter by tags', async () => {
  const repositoryName = await newRepository('images/list');
  const images = ['a', 'b', 'c'].map((seed) => makeImage({ seed: `list-${seed}` }));
  await pushImage(repositoryName, images[0]!, 'a');
  await pushImage(repositoryName, images[1]!);
  await pushImage(repositoryName, images[2]!, 'c');
  await ok('PutImage', putImageInput(repositoryName, images[0]!.bytes, { imageTag: 'z' }));
  const [a, b, c] = images.map((image) => image.digest);
  const list = async (operation: string, result: string, input: object): Promise<Output[]> => {
    const all: Output[] = [];
    let nextToken: string | undefined;
    do {
      const page = await ok(operation, {
        repositoryName,
        maxResults: 1,
        ...input,
        ...(nextToken !== undefined && { nextToken }),
      });
      assert.equal(page[result].length <= 1, true);
      all.push(...page[result]);
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return all;
  };
  const listed = [
    { imageDigest: a, imageTag: 'a' },
    { imageDigest: a, imageTag: 'z' },
    { imageDigest: b },
    { imageDigest: c, imageTag: 'c' },
  ];
  assert.deepEqual(await list('ListImages', 'imageIds', {}), listed);
  assert.deepEqual(await list('ListImages', 'imageIds', { filter: { tagStatus: 'UNTAGGED' } }), [listed[2]]);
  assert.deepEqual(
    (await list('DescribeImages', 'imageDetails', {})).map((d) => d.imageDigest),
    [a, b, c],
  );
  assert.deepEqual(
    (await list('DescribeImages', 'imageDetails', { filter: { tagStatus: 'TAGGED' } })).map((d) => d.imageDigest),
    [a, c],
  );
  assert.deepEqual(await list('ListImages', 'imageIds', { filter: { imageStatus: 'ARCHIVED' } }), []);

  const { nextToken } = await ok('ListImages', { repositoryName, maxResults: 1 });
  for (const [operation, more] of [
    ['DescribeImages', {}],
    ['ListImages', { filter: { tagStatus: 'TAGGED' } }],
  ] as const) {
    const input = { repositoryName, maxResults: 1, nextToken, ...more };
    const { message } = await ok(operation, input).then(
      () => assert.fail('was taken'),
      (error: Error) => error,
    );
    assert.match(message, /InvalidParameterException.*'nextToken'/);
  }
});

test('BatchDeleteImage removes tags, images and pairs, and protects what an index lists', async () => {
  const repositoryName = await newRepository('images/delete');
  const image = makeImage({ seed: 'delete' });
  await pushImage(repositoryName, image, 'a');
  for (const imageTag of ['b', 'c']) await ok('PutImage', putImageInput(repositoryName, image.bytes, { imageTag }));
  const remove = (...imageIds: object[]) => ok('BatchDeleteImage', { repositoryName, imageIds });
  const pair = (imageTag: string) => ({ imageDigest: image.digest, imageTag });
  assert.deepEqual(await remove({ imageTag: 'a' }), { imageIds: [pair('a')], failures: [] });
  assert.deepEqual(await remove({ imageDigest: image.digest }), { imageIds: [pair('b'), pair('c')], failures: [] });
  assert.deepEqual(await remove({ imageTag: 'b' }), {
    imageIds: [],
    failures: [
      { imageId: { imageTag: 'b' }, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' },
    ],
  });

  await ok('PutImage', putImageInput(repositoryName, image.bytes, { imageTag: 'last' }));
  assert.deepEqual((await remove({ imageTag: 'last' })).imageIds, [pair('last')]);
  assert.deepEqual(await ok('ListImages', { repositoryName }), { imageIds: [] });

  const index = makeIndex({ seed: 'delete-index' });
  for (const child of index.images) await pushImage(repositoryName, child);
  await ok('PutImage', putImageInput(repositoryName, index.bytes, { imageTag: 'multi' }));
  const [first, second] = index.images.map((child) => ({ imageDigest: child.digest }));
  assert.deepEqual(await remove(first!), {
    imageIds: [],
    failures: [
      {
        imageId: first,
        failureCode: 'ImageReferencedByManifestList',
        failureReason: `Requested image referenced by manifest list: [${index.digest}]`,
      },
    ],
  });
  assert.deepEqual((await remove(first!, { imageDigest: index.digest }, second!)).failures, []);
  assert.deepEqual(await ok('ListImages', { repositoryName }), { imageIds: [] });
  await refused('BatchDeleteImage', { repositoryName: 'none', imageIds: [{ imageTag: 'x' }] }, ...noRepository('none'));
});

test('ListImageReferrers lists what names the subject', async () => {
  const repositoryName = await newRepository('images/referrers');
  const subject = makeImage({ seed: 'subject' });
  await pushImage(repositoryName, subject, 'v1');
  const signature = makeArtifact({
    artifactType: 'application/x.signature',
    payload: 'signed',
    subject,
    annotations: { by: 'me' },
  });
  const sbom = makeArtifact({ artifactType: 'application/x.sbom', payload: 'packages', subject });
  await pushImage(repositoryName, signature);
  for (const layer of sbom.layers) await pushLayer(repositoryName, layer);
  await ok('PutImage', putImageInput(repositoryName, sbom.bytes));
  const referrer = (artifact: typeof sbom, artifactType: string, annotations: object) => ({
    digest: artifact.digest,
    mediaType: artifact.mediaType,
    artifactType,
    size: artifact.size,
    annotations,
    artifactStatus: 'ACTIVE',
  });
  const expected = [
    referrer(signature, 'application/x.signature', { by: 'me' }),
    referrer(sbom, 'application/x.sbom', {}),
  ];
  const subjectId = { imageDigest: subject.digest };
  assert.deepEqual(await ok('ListImageReferrers', { repositoryName, subjectId }), { referrers: expected });
  const page = await ok('ListImageReferrers', { repositoryName, subjectId, maxResults: 1 });
  assert.deepEqual(page.referrers, [expected[0]]);
  assert.deepEqual(
    await ok('ListImageReferrers', { repositoryName, subjectId, maxResults: 1, nextToken: page.nextToken }),
    { referrers: [expected[1]] },
  );
  const filter = { artifactTypes: ['application/x.sbom'] };
  assert.deepEqual(await ok('ListImageReferrers', { repositoryName, subjectId, filter }), { referrers: [expected[1]] });
  assert.deepEqual(
    await ok('ListImageReferrers', { repositoryName, subjectId: { imageDigest: `sha256:${'0'.repeat(64)}` } }),
    { referrers: [] },
  );
  const [detail] = (await ok('DescribeImages', { repositoryName, imageIds: [{ imageDigest: sbom.digest }] }))
    .imageDetails;
  assert.deepEqual([detail.subjectManifestDigest, detail.artifactMediaType], [subject.digest, 'application/x.sbom']);
});
