/**
 * What services decide still holds when it is committed. Each test stops a node in the middle of a write, after it has looked and before it
 * acts; lets another node do what would spoil the decision; and goes on. The other must have waited, or have been told.
 */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { deleteImages } from '../../src/services/ecr/images/delete-images.ts';
import { pushImage } from '../../src/services/ecr/images/push-image.ts';
import { createCollector } from '../../src/services/ecr/layers/collect-layers.ts';
import { deleteLayer } from '../../src/services/ecr/layers/delete-layer.ts';
import { findLayer } from '../../src/services/ecr/layers/find-layer.ts';
import { markDamaged } from '../../src/services/ecr/layers/layer-health.ts';
import { mountLayer } from '../../src/services/ecr/layers/mount-layer.ts';
import { createRepository } from '../../src/services/ecr/repositories/operations/create-repository.ts';
import { deleteRepository } from '../../src/services/ecr/repositories/operations/delete-repository.ts';
import { deleteAccount } from '../../src/services/iam/accounts.ts';
import { makeImage, makeIndex, type TestImage } from '../support/make-image.ts';
import { accountId, createMemoryEcr, hour, type MemoryEcr } from '../support/memory-ecr.ts';
import { type PausingMetadata, pausingMetadata, settledOrWaiting } from '../support/pausing-metadata.ts';
import { type MigratedDatabases, openMigratedDatabases, openNode } from '../support/postgres-metadata.ts';
import { postgresMissing } from '../support/postgres-server.ts';

/** `slow` stops in the middle; `other` is any other node. */
interface TwoNodes {
  readonly slow: MemoryEcr;
  readonly other: MemoryEcr;
  /** Runs `one` on the slow node up to the answer of `statement`, then `two` until it is done or waits, then both to their ends. */
  interleave<One, Two>(
    statement: string,
    one: () => Promise<One>,
    two: () => Promise<Two>,
  ): Promise<[PromiseSettledResult<One>, PromiseSettledResult<Two>]>;
  pass(ms: number): void;
}

describe('decisions on PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  let databases: MigratedDatabases;
  before(async () => {
    databases = await openMigratedDatabases();
  });
  after(() => databases?.stop());

  async function twoNodes(t: TestContext): Promise<TwoNodes> {
    const url = await databases.create();
    const [here, there] = [await openNode(url), await openNode(url)];
    const metadata: PausingMetadata = pausingMetadata(here, url);
    const slow = await createMemoryEcr({}, { metadata });
    const other = await createMemoryEcr({}, { metadata: there, objects: slow.objects });
    t.after(async () => {
      await slow.close();
      await other.close();
    });
    return {
      slow,
      other,
      async interleave(statement, one, two) {
        const pause = metadata.pauseAfter(statement);
        const first = one();
        await Promise.race([
          pause.reached,
          first.then(() => assert.fail(`the unit ended without the statement ${statement}`)),
        ]);
        const second = two();
        await settledOrWaiting(url, second);
        pause.goOn();
        return Promise.allSettled([first, second]) as never;
      },
      pass(ms) {
        slow.pass(ms);
        other.pass(ms);
      },
    };
  }

  const image = makeImage({ seed: 'decisions' });
  const pushed = ({ bytes, mediaType }: TestImage, ...tags: string[]) => ({ manifest: bytes, mediaType, tags });

  test('an image that is being put keeps its layers from the collector', async (t) => {
    const { slow, other, interleave, pass } = await twoNodes(t);
    const ref = await slow.createRepository('app');
    for (const { bytes } of [image.config, ...image.layers]) await slow.pushLayer(ref, bytes);
    pass(30 * hour);
    // Looked at while they are in doubt, so that the push itself finds them good.
    const [put, collected] = await interleave(
      'images.findByDigest',
      () => pushImage(slow.ecr, ref, pushed(image, 'latest')),
      () => createCollector(other.ecr)(),
    );
    assert.equal(put.status, 'fulfilled', String(reasonOf(put)));
    assert.equal(collected.status === 'fulfilled' && collected.value.layers, 0, String(reasonOf(collected)));
    for (const { digest } of image.layers) assert.ok(await findLayer(other.ecr, ref, digest));
  });

  test('an index that is being put keeps its images from being deleted', async (t) => {
    const { slow, other, interleave } = await twoNodes(t);
    const ref = await slow.createRepository('app');
    const index = makeIndex({ seed: 'index' });
    for (const child of index.images) await slow.push(ref, child);
    const [put, deleted] = await interleave(
      'images.existing',
      () => pushImage(slow.ecr, ref, { manifest: index.bytes, mediaType: index.mediaType, tags: [] }),
      () => deleteImages(other.ecr, ref, [{ imageDigest: index.images[0]!.digest }]),
    );
    assert.equal(put.status, 'fulfilled', String(reasonOf(put)));
    assert.equal(
      deleted.status === 'fulfilled' && deleted.value.failures[0]?.failureCode,
      'ImageReferencedByManifestList',
    );
  });

  test('an image that is being deleted is not put into an index', async (t) => {
    const { slow, other, interleave } = await twoNodes(t);
    const ref = await slow.createRepository('app');
    const index = makeIndex({ seed: 'index' });
    for (const child of index.images) await slow.push(ref, child);
    const [deleted, put] = await interleave(
      'images.parents',
      () => deleteImages(slow.ecr, ref, [{ imageDigest: index.images[0]!.digest }]),
      () => pushImage(other.ecr, ref, { manifest: index.bytes, mediaType: index.mediaType, tags: [] }),
    );
    assert.equal(deleted.status, 'fulfilled', String(reasonOf(deleted)));
    assert.equal((reasonOf(put) as { code?: string }).code, 'ReferencedImagesNotFoundException');
  });

  test('a repository that gets an image is not deleted as empty', async (t) => {
    const { slow, other, interleave } = await twoNodes(t);
    const ref = await slow.createRepository('app');
    for (const { bytes } of [image.config, ...image.layers]) await slow.pushLayer(ref, bytes);
    const [put, deleted] = await interleave(
      'repositories.find',
      () => pushImage(slow.ecr, ref, pushed(image)),
      () => deleteRepository.handle(other.context, { repositoryName: 'app' }),
    );
    assert.equal(put.status, 'fulfilled', String(reasonOf(put)));
    assert.equal((reasonOf(deleted) as { code?: string }).code, 'RepositoryNotEmptyException');
  });

  test('a repository that is being deleted gets no layer', async (t) => {
    const { slow, other, interleave } = await twoNodes(t);
    const ref = await slow.createRepository('app');
    const [deleted, layer] = await interleave(
      'images.listIds',
      () => deleteRepository.handle(slow.context, { repositoryName: 'app' }),
      () => other.pushLayer(ref, Buffer.from('late')),
    );
    assert.equal(deleted.status, 'fulfilled', String(reasonOf(deleted)));
    assert.equal((reasonOf(layer) as { code?: string }).code, 'RepositoryNotFoundException');
  });

  test('a tag that two put at once names one image, and no immutable tag moves', async (t) => {
    const { slow, other, interleave } = await twoNodes(t);
    const ref = await slow.createRepository('app', { tagMutability: 'IMMUTABLE' });
    const rival = makeImage({ seed: 'rival' });
    for (const each of [image, rival]) await slow.push(ref, each);
    const [first, second] = await interleave(
      'tags.find',
      () => pushImage(slow.ecr, ref, pushed(image, 'v1')),
      () => pushImage(other.ecr, ref, pushed(rival, 'v1')),
    );
    assert.equal(first.status, 'fulfilled', String(reasonOf(first)));
    assert.equal((reasonOf(second) as { code?: string }).code, 'ImageTagAlreadyExistsException');
  });

  for (const statement of ['layers.find', 'layers.add']) {
    test(`a layer that is mounted has its blob, whatever the collector takes (after ${statement})`, async (t) => {
      const { slow, other, interleave, pass } = await twoNodes(t);
      const source = await slow.createRepository('source');
      const target = await slow.createRepository('target');
      const digest = await slow.pushLayer(source, Buffer.from('mounted'));
      pass(30 * hour);
      const [mounted, collected] = await interleave(
        statement,
        () => mountLayer(slow.ecr, slow.context.caller, target, digest, 'source'),
        () => createCollector(other.ecr)(),
      );
      assert.equal(collected.status, 'fulfilled', String(reasonOf(collected)));
      // On the slow node, which does not try again, the database refuses what a retry would find gone.
      const isMounted = mounted.status === 'fulfilled' && mounted.value;
      const found = await findLayer(other.ecr, target, digest);
      assert.equal(found !== undefined, isMounted, String(reasonOf(mounted)));
      if (isMounted) assert.ok(slow.objects.has(found!.blob.location));
    });
  }

  test('a layer that is being pushed again keeps its blob from the collector', async (t) => {
    const { slow, other, interleave, pass } = await twoNodes(t);
    const ref = await slow.createRepository('app');
    const bytes = Buffer.from('again');
    const digest = await slow.pushLayer(ref, bytes);
    assert.equal(await deleteLayer(slow.ecr, ref, digest), 'deleted');
    pass(30 * hour);
    const [layer, collected] = await interleave(
      'blobs.findByDigest',
      () => slow.pushLayer(ref, bytes),
      () => createCollector(other.ecr)(),
    );
    assert.equal(layer.status, 'fulfilled', String(reasonOf(layer)));
    assert.equal(collected.status === 'fulfilled' && collected.value.blobs, 0, String(reasonOf(collected)));
    assert.ok(slow.objects.has((await findLayer(other.ecr, ref, digest))!.blob.location));
  });

  test('a blob whose last two layers are taken away at once is known to be shown by nobody', async (t) => {
    const { slow, other, interleave, pass } = await twoNodes(t);
    const [one, two] = [await slow.createRepository('one'), await slow.createRepository('two')];
    const bytes = Buffer.from('twice');
    const digest = await slow.pushLayer(one, bytes);
    await slow.pushLayer(two, bytes);
    const outcomes = await interleave(
      'layers.hideBlob',
      () => deleteLayer(slow.ecr, one, digest),
      () => deleteLayer(other.ecr, two, digest),
    );
    assert.deepEqual(outcomes.map(answerOf), ['deleted', 'deleted']);
    pass(30 * hour);
    assert.equal((await createCollector(other.ecr)()).blobs, 1);
  });

  test('a layer that is told to be there is not collected', async (t) => {
    const { slow, other, interleave, pass } = await twoNodes(t);
    const ref = await slow.createRepository('app');
    const digest = await slow.pushLayer(ref, Buffer.from('looked at'));
    pass(30 * hour);
    const [found, collected] = await interleave(
      'layers.renew',
      () => findLayer(slow.ecr, ref, digest),
      () => createCollector(other.ecr)(),
    );
    assert.ok(answerOf(found) !== undefined, String(reasonOf(found)));
    assert.equal(collected.status === 'fulfilled' && collected.value.layers, 0, String(reasonOf(collected)));
    assert.ok(await findLayer(other.ecr, ref, digest));
  });

  test('a blob that was healed meanwhile is not marked damaged', async (t) => {
    const { slow, other, interleave } = await twoNodes(t);
    const ref = await slow.createRepository('app');
    const bytes = Buffer.from('to be healed');
    const digest = await slow.pushLayer(ref, bytes);
    const layer = (await findLayer(slow.ecr, ref, digest))!;
    slow.objects.delete(layer.blob.location);
    // The healer waits for the mark, or the mark finds another location.
    const [marked, healed] = await interleave(
      'blobs.findByDigest',
      () => markDamaged(slow.ecr, layer),
      () => other.pushLayer(ref, bytes),
    );
    assert.deepEqual([marked.status, healed.status], ['fulfilled', 'fulfilled']);
    const found = await findLayer(other.ecr, ref, digest);
    assert.ok(found !== undefined && !found.blob.damaged && slow.objects.has(found.blob.location));
  });

  test('an account that gets a repository is not deleted', async (t) => {
    const { slow, other, interleave } = await twoNodes(t);
    const [created, deleted] = await interleave(
      'accounts.find',
      () => createRepository.handle(slow.context, { repositoryName: 'app' }),
      () => deleteAccount({ metadata: other.ecr.metadata }, accountId),
    );
    assert.equal(created.status, 'fulfilled', String(reasonOf(created)));
    assert.equal(answerOf(deleted), 'has-repositories');
  });

  test('an account that is being deleted gets no repository', async (t) => {
    const { slow, other, interleave } = await twoNodes(t);
    const [deleted, created] = await interleave(
      'accounts.findAnyRepository',
      () => deleteAccount({ metadata: slow.ecr.metadata }, accountId),
      () => createRepository.handle(other.context, { repositoryName: 'app' }),
    );
    assert.equal(answerOf(deleted), 'deleted');
    assert.equal((reasonOf(created) as { code?: string }).code, 'UnrecognizedClientException');
  });
});

const reasonOf = (outcome: PromiseSettledResult<unknown>): unknown =>
  outcome.status === 'rejected' ? outcome.reason : undefined;
const answerOf = <T>(outcome: PromiseSettledResult<T>): T | undefined =>
  outcome.status === 'fulfilled' ? outcome.value : undefined;
