/** Finding, listing and deleting images, and when they were pulled. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { descriptorOf, makeArtifact, makeImage, makeIndex } from '../../../../tests/support/make-image.ts';
import { createMemoryEcr, type MemoryEcr } from '../../../../tests/support/memory-ecr.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { deleteImages } from './delete-images.ts';
import { findImage } from './find-image.ts';
import { listReferrers } from './list-referrers.ts';
import { listTags } from './list-tags.ts';
import { pushImage } from './push-image.ts';

let memory: MemoryEcr;
let app: RepositoryRef;
beforeEach(async () => {
  memory = await createMemoryEcr();
  app = await memory.createRepository('app');
});
afterEach(() => memory.close());

const find = (reference: { tag: string } | { digest: string }) => findImage(memory.ecr, app, reference);
const remove = (...ids: { imageDigest?: string; imageTag?: string }[]) => deleteImages(memory.ecr, app, ids);

describe('a found image', () => {
  test('is answered at once the second time, and shared by its tags', async () => {
    const digest = await memory.push(app, makeImage({ seed: 'a' }), 'v1', 'v2');
    const first = await find({ tag: 'v1' });
    const again = find({ tag: 'v1' });
    assert(again !== undefined && !(again instanceof Promise), 'no promise');
    assert.equal(again, first);
    assert.equal(await find({ tag: 'v2' }), first);
    assert.equal(find({ digest }), first);
  });

  test('is never one that a change has overtaken', async () => {
    const [one, two] = [makeImage({ seed: '1' }), makeImage({ seed: '2' })];
    await memory.push(app, one, 'latest');
    assert.equal((await find({ tag: 'latest' }))?.digest, one.digest);
    await memory.push(app, two, 'latest');
    assert.equal((await find({ tag: 'latest' }))?.digest, two.digest);
    await remove({ imageTag: 'latest' });
    assert.equal(await find({ tag: 'latest' }), undefined);
    assert.equal(await find({ digest: two.digest }), undefined);
    await memory.push(app, two, 'latest');
    assert.equal((await find({ tag: 'latest' }))?.digest, two.digest, 'its absence is not remembered');
  });

  test('is gone with its repository', async () => {
    await memory.push(app, makeImage({ seed: 'a' }), 'v1');
    const image = await find({ tag: 'v1' });
    await memory.ecr.metadata.write((tx) => tx.repositories.delete(image!.repositoryId));
    await assert.rejects(async () => find({ tag: 'v1' }), { code: 'RepositoryNotFoundException' });
  });
});

describe('deleting', () => {
  test('tells every pair that is gone and every id that could not be', async () => {
    const [one, two] = [makeImage({ seed: '1' }), makeImage({ seed: '2' })];
    await memory.push(app, one, 'a', 'b');
    await memory.push(app, two, 'c', 'd');
    const absent = `sha256:${'0'.repeat(64)}`;
    const { imageIds, failures } = await remove(
      { imageDigest: one.digest },
      { imageTag: 'c' },
      { imageTag: 'c' },
      { imageTag: 'nothing' },
      { imageDigest: absent },
      { imageDigest: 'sha256:invalid-digest' },
      {},
      { imageDigest: one.digest, imageTag: 'd' },
    );
    assert.deepEqual(imageIds, [
      { imageDigest: one.digest, imageTag: 'a' },
      { imageDigest: one.digest, imageTag: 'b' },
      { imageDigest: two.digest, imageTag: 'c' },
    ]);
    assert.deepEqual(
      failures.map(({ imageId, failureCode, failureReason }) => [imageId, failureCode, failureReason]),
      [
        [{ imageTag: 'nothing' }, 'ImageNotFound', 'Requested image not found'],
        [{ imageDigest: absent }, 'ImageNotFound', 'Requested image not found'],
        [
          { imageDigest: 'sha256:invalid-digest' },
          'InvalidImageDigest',
          "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        ],
        [{}, 'MissingDigestAndTag', 'Invalid request parameters: both tag and digest cannot be null'],
        [
          { imageDigest: one.digest, imageTag: 'd' },
          'ImageTagDoesNotMatchDigest',
          'Invalid request parameters: image tag does not match image digest',
        ],
      ],
    );
    assert.equal(await find({ digest: one.digest }), undefined);
    assert.equal((await find({ tag: 'd' }))?.digest, two.digest);
    assert.equal(await find({ tag: 'c' }), undefined);
  });

  test('digest and tag that belong together delete the whole image', async () => {
    const image = makeImage({ seed: '1' });
    await memory.push(app, image, 'a', 'b');
    const { imageIds } = await remove({ imageDigest: image.digest, imageTag: 'b' });
    assert.deepEqual(
      imageIds.map(({ imageTag }) => imageTag),
      ['a', 'b'],
    );
  });

  test('refuses a child of an index, and takes index and children together', async () => {
    const index = makeIndex({ seed: 'i' });
    for (const image of index.images) await memory.push(app, image);
    await pushImage(memory.ecr, app, { manifest: index.bytes, mediaType: index.mediaType, tags: ['multi'] });
    const child = { imageDigest: index.images[0]!.digest };
    assert.deepEqual(await remove(child), {
      imageIds: [],
      failures: [
        {
          imageId: child,
          failureCode: 'ImageReferencedByManifestList',
          failureReason: `Requested image referenced by manifest list: [${index.digest}]`,
        },
      ],
    });
    const all = index.images.map(({ digest }) => ({ imageDigest: digest }));
    const { imageIds, failures } = await remove(...all, { imageTag: 'multi' });
    assert.deepEqual(failures, []);
    assert.deepEqual(imageIds, [...all, { imageDigest: index.digest, imageTag: 'multi' }]);
  });
});

test('tags are listed in lexical order, page by page', async () => {
  await memory.push(app, makeImage({ seed: 'a' }), 'b', 'a', 'C', '10', '9');
  const first = await listTags(memory.ecr, app, { limit: 3 });
  assert.deepEqual(first, { tags: ['10', '9', 'a'], more: true });
  assert.deepEqual(await listTags(memory.ecr, app, { limit: 3, after: 'a' }), { tags: ['b', 'C'], more: false });
  assert.deepEqual(await listTags(memory.ecr, app, { limit: 2, after: 'c' }), { tags: [], more: false });
  await assert.rejects(listTags(memory.ecr, memory.ref('none'), { limit: 1 }), { code: 'RepositoryNotFoundException' });
});

test('referrers are listed in push order, by type, page by page, whether or not the subject is there', async () => {
  const subject = descriptorOf(makeImage({ seed: 'subject' }));
  const made = ['sig', 'sbom', 'sig'].map((type, at) =>
    makeArtifact({
      artifactType: `application/x.${type}`,
      payload: `${at}`,
      subject,
      ...(at === 0 && { annotations: { by: 'me' } }),
    }),
  );
  for (const artifact of made) await memory.push(app, artifact);
  const list = (page: { after?: number; artifactTypes?: string[]; limit?: number }) =>
    listReferrers(memory.ecr, app, subject.digest, { limit: 10, ...page });
  const all = await list({});
  assert.deepEqual(
    all.referrers.map(({ digest }) => digest),
    made.map(({ digest }) => digest),
  );
  assert.deepEqual(all.referrers[0], {
    mediaType: made[0]!.mediaType,
    digest: made[0]!.digest,
    size: made[0]!.bytes.length,
    artifactType: 'application/x.sig',
    annotations: { by: 'me' },
  });
  const signatures = await list({ artifactTypes: ['application/x.sig'], limit: 1 });
  assert.equal(signatures.referrers[0]?.digest, made[0]!.digest);
  const rest = await list({ artifactTypes: ['application/x.sig'], limit: 1, after: signatures.next! });
  assert.deepEqual([rest.referrers[0]?.digest, rest.next], [made[2]!.digest, undefined]);
  assert.deepEqual((await listReferrers(memory.ecr, app, `sha256:${'0'.repeat(64)}`, { limit: 5 })).referrers, []);
});

test('pull times are there at once, and in the database after a flush', async () => {
  await memory.push(app, makeImage({ seed: 'a' }), 'v1');
  const image = (await find({ tag: 'v1' }))!;
  const stored = async () => (await memory.ecr.metadata.read((tx) => tx.images.summary(image.id)))?.lastPulledAt;
  const now = memory.ecr.clock.now();
  memory.ecr.pullTimes.record(image.id);
  assert.equal(memory.ecr.pullTimes.of(image.id), now);
  assert.equal(await stored(), undefined);
  await memory.ecr.pullTimes.flush();
  assert.equal(memory.ecr.pullTimes.of(image.id), undefined);
  assert.equal(await stored(), now);
  memory.pass(1000);
  memory.ecr.pullTimes.record(image.id);
  await Promise.all([memory.ecr.pullTimes.flush(), memory.ecr.pullTimes.flush()]);
  assert.equal(await stored(), now + 1000);
});
