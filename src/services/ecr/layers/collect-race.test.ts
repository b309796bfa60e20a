/**
 * Garbage collection against clients that push as docker does (ask, mount, upload, manifest), on two nodes, with a grace period of zero:
 * whatever nobody refers to goes at once. No image may ever lack a layer, and when all images are gone nothing may be left.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { makeImage, type TestImage } from '../../../../tests/support/make-image.ts';
import { createMemoryEcr, type MemoryEcr } from '../../../../tests/support/memory-ecr.ts';
import { openMigratedDatabases, openNode } from '../../../../tests/support/postgres-metadata.ts';
import { postgresMissing } from '../../../../tests/support/postgres-server.ts';
import { openSqlite } from '../../../adapters/sql/sqlite/open-sqlite.ts';
import type { Metadata } from '../../../ports/metadata.ts';
import { rootCaller } from '../../caller.ts';
import { Fault } from '../../fault.ts';
import { verifyImages } from '../../integrity/verify-images.ts';
import { verifyLayers } from '../../integrity/verify-layers.ts';
import { deleteImages } from '../images/delete-images.ts';
import { pushImage } from '../images/push-image.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { createCollector } from './collect-layers.ts';
import { findLayer } from './find-layer.ts';
import { mountLayer } from './mount-layer.ts';
import { uploadWholeLayer } from './upload-whole-layer.ts';

const repositories = ['one', 'two', 'three'];
const caller = rootCaller('123456789012', 'AKIAEXAMPLE');

/** Few images of shared layers, so that everybody is in everybody's way. */
const images = Array.from({ length: 6 }, (_, at) => {
  const own = makeImage({ seed: `image ${at}` });
  const shared = makeImage({ seed: `base ${at % 2}` });
  return { own, shared };
});

/** The same chances in every run; how the nodes interleave differs. */
function createDice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function race(open: () => Promise<Metadata>, rounds: number): Promise<void> {
  const first = await createMemoryEcr({ layerGracePeriodMs: 0 }, { metadata: await open() });
  const second = await createMemoryEcr({ layerGracePeriodMs: 0 }, { metadata: await open(), objects: first.objects });
  const nodes = [first, second];
  const tick = () => {
    for (const node of nodes) node.pass(1);
  };
  try {
    for (const name of repositories) await first.createRepository(name);
    let over = false;
    const isOver = () => over;
    const collecting = nodes.map((node, at) => collectRounds(node, createDice(50 + at), tick, isOver));
    const deleting = deleteRounds(second, createDice(99), isOver);
    const pushing = Array.from({ length: 4 }, (_, at) => pushRounds(nodes[at % 2]!, createDice(at + 1), rounds));
    const pushed = Promise.allSettled(pushing).finally(() => {
      over = true;
    });
    // All have ended before any failure is told, so that nobody works on a closed database.
    await Promise.allSettled([pushed, deleting, ...collecting]);
    const sum = async (counts: readonly Promise<number>[]) => (await Promise.all(counts)).reduce((a, b) => a + b, 0);
    await deleting;
    const [accepted, collected] = [await sum(pushing), await sum(collecting)];
    assert(accepted > rounds, `of ${8 * rounds} pushes ${accepted} were accepted`);
    assert(collected > 0, 'the collectors met the pushes');

    for (const { ecr } of nodes) {
      for await (const { findings } of verifyImages(ecr)) assert.deepEqual(findings, []);
      for await (const { finding } of verifyLayers(ecr)) assert.equal(finding, undefined);
    }
    for (const name of repositories) await deleteAll(first, first.ref(name));
    const collect = createCollector(first.ecr);
    do tick();
    while ((await collect()).more);
    tick();
    await collect();
    assert.deepEqual([...first.objects.keys()], [], 'nothing is left that nobody needs');
  } finally {
    for (const node of nodes) await node.close();
  }
}

/** Lets the others go on for a while. */
async function turns(count: number): Promise<void> {
  for (let at = 0; at <= count; at += 1) await turn();
}

/** What was read is old when it is acted on: the moments in which a collector could be wrong are long. */
function slowly(metadata: Metadata, dice: (below: number) => number): Metadata {
  return {
    ...metadata,
    async read(work) {
      const result = await metadata.read(work);
      await sleep(dice(8));
      return result;
    },
    async write(work) {
      const result = await metadata.write(work);
      await sleep(dice(3));
      return result;
    },
  };
}

/** Answers how many layers were collected. */
async function collectRounds(
  { ecr }: MemoryEcr,
  dice: (below: number) => number,
  tick: () => void,
  isOver: () => boolean,
): Promise<number> {
  const collect = createCollector({ ...ecr, metadata: slowly(ecr.metadata, dice) });
  let layers = 0;
  while (!isOver()) {
    tick();
    layers += (await collect()).layers;
    await turns(dice(120));
  }
  return layers;
}

/** Answers how many pushes were accepted. One whose layers were collected in between is refused, and the client begins anew. */
async function pushRounds(node: MemoryEcr, dice: (below: number) => number, rounds: number): Promise<number> {
  let accepted = 0;
  for (let round = 0; round < rounds; round += 1) {
    const { own, shared } = images[dice(images.length)]!;
    const ref = node.ref(repositories[dice(repositories.length)]!);
    const from = repositories[dice(repositories.length)]!;
    for (const image of [own, shared]) {
      const digest = await pushOnce(node, ref, from, image, `tag-${dice(3)}`);
      if (digest === undefined) continue;
      accepted += 1;
      await assertWhole(node, ref, digest);
    }
  }
  return accepted;
}

async function pushOnce(
  { ecr }: MemoryEcr,
  ref: RepositoryRef,
  from: string,
  image: TestImage,
  tag: string,
): Promise<string | undefined> {
  try {
    for (const { digest, bytes } of [image.config, ...image.layers]) {
      if ((await findLayer(ecr, ref, digest)) !== undefined) continue;
      if (from !== ref.name && (await mountLayer(ecr, caller, ref, digest, from))) continue;
      await uploadWholeLayer(ecr, ref, digest, Readable.from([bytes]));
    }
    const pushed = await pushImage(ecr, ref, { manifest: image.bytes, mediaType: image.mediaType, tags: [tag] });
    return pushed.image.digest;
  } catch (error) {
    if (error instanceof Fault && honestRefusals.has(error.code)) return undefined;
    throw error;
  }
}

/** A layer was collected before its manifest came; the repository was deleted and not yet made again. */
const honestRefusals: ReadonlySet<string> = new Set(['LayersNotFoundException', 'RepositoryNotFoundException']);

/** On one snapshot: as long as the image is there, so is all it needs, down to the bytes. */
async function assertWhole({ ecr, objects }: MemoryEcr, ref: RepositoryRef, digest: string): Promise<void> {
  const stored = await ecr.metadata.read(function* (tx) {
    const repository = yield* tx.repositories.find(ref, ref.name);
    const image = repository && (yield* tx.images.findByDigest(repository.id, digest));
    if (image === undefined) return undefined;
    const wanted = images.flatMap(({ own, shared }) => [own, shared]).find((each) => each.digest === digest)!;
    const digests = [wanted.config, ...wanted.layers].map((blob) => blob.digest);
    return { digests, layers: yield* tx.layers.findMany(image.repositoryId, digests) };
  });
  if (stored === undefined) return;
  assert.deepEqual(stored.layers.map((layer) => layer.digest).toSorted(), stored.digests.toSorted());
  for (const { blob } of stored.layers) {
    const deletedSince =
      (await ecr.metadata.read((tx) => tx.blobs.findByDigest(blob.digest)))?.location !== blob.location;
    assert(deletedSince || objects.has(blob.location), `the object of ${blob.digest} is there`);
  }
}

async function deleteRounds(node: MemoryEcr, dice: (below: number) => number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const ref = node.ref(repositories[dice(repositories.length)]!);
    if (dice(10) === 0) await deleteAll(node, ref);
    else {
      const { own, shared } = images[dice(images.length)]!;
      const imageDigest = (dice(2) === 0 ? own : shared).digest;
      await deleteImages(node.ecr, ref, [{ imageDigest }]);
    }
    await turns(dice(40));
  }
}

/** The repository with all it has; then there is a new one of its name. */
async function deleteAll({ ecr }: MemoryEcr, ref: RepositoryRef): Promise<void> {
  const repository = await ecr.metadata.write(function* (tx) {
    const found = yield* tx.repositories.find(ref, ref.name);
    if (found !== undefined) yield* tx.repositories.delete(found.id);
    return found;
  });
  assert(repository, 'nobody else deletes repositories');
  const { id: _, ...settings } = repository;
  await ecr.metadata.write((tx) => tx.repositories.add(settings));
}

describe('collection with no grace period, against pushes on two nodes', () => {
  test('on SQLite', async (t: TestContext) => {
    const directory = await mkdtemp(join(tmpdir(), 'longshore-race-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    await race(() => openSqlite({ path: join(directory, 'longshore.db') }), 25);
  });

  test('on PostgreSQL', { skip: postgresMissing() ?? false }, async (t: TestContext) => {
    const databases = await openMigratedDatabases();
    t.after(() => databases.stop());
    const url = await databases.create();
    await race(() => openNode(url), 10);
  });
});
