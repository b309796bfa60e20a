/** What a dry run says is what a collection then does. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { makeImage } from '../../../../tests/support/make-image.ts';
import { createMemoryEcr, hour, type MemoryEcr } from '../../../../tests/support/memory-ecr.ts';
import { deleteImages } from '../images/delete-images.ts';
import { findRepository } from '../repositories/find-repository.ts';
import { createCollector } from './collect-layers.ts';
import { nothingCollected, sumOf } from './collect-progress.ts';
import { planCollection } from './plan-collection.ts';

let memory: MemoryEcr;
beforeEach(async () => {
  memory = await createMemoryEcr();
});
afterEach(() => memory.close());

async function collectAll() {
  const collect = createCollector(memory.ecr);
  let sum = nothingCollected;
  for (let more = true; more; ) {
    const slice = await collect();
    sum = sumOf(sum, slice);
    more = slice.more;
  }
  return sum;
}

test('nothing, where nothing goes', async () => {
  const app = await memory.createRepository('app');
  await memory.push(app, makeImage({ seed: 'kept' }));
  assert.deepEqual(await planCollection(memory.ecr), {
    repositories: [],
    unshown: { layers: 0, bytes: 0 },
    bytes: 0,
  });
});

test('bytes that several show are counted once, and those that stay not at all', async () => {
  const image = makeImage({ seed: 'shared' });
  const [kept, one, two, gone, goneToo] = await Promise.all(
    ['kept', 'one', 'two', 'gone', 'gone-too'].map((name) => memory.createRepository(name)),
  );
  const own = makeImage({ seed: 'own' });
  // `shared` is deleted in one and two and goes with gone and gone-too; `own` stays in kept, and is deleted in one.
  for (const ref of [one!, two!, gone!, goneToo!]) await memory.push(ref, image);
  for (const ref of [kept!, one!]) await memory.push(ref, own);
  for (const ref of [one!, two!]) await deleteImages(memory.ecr, ref, [{ imageDigest: image.digest }]);
  await deleteImages(memory.ecr, one!, [{ imageDigest: own.digest }]);
  for (const ref of [gone!, goneToo!]) {
    const { id } = await findRepository(memory.ecr, ref);
    await memory.ecr.metadata.write((tx) => tx.repositories.delete(id));
  }
  const alone = makeImage({ seed: 'alone' });
  for (const name of ['lost', 'lost-too']) {
    const ref = await memory.createRepository(name);
    await memory.push(ref, alone);
    const { id } = await findRepository(memory.ecr, ref);
    await memory.ecr.metadata.write((tx) => tx.repositories.delete(id));
  }
  memory.pass(25 * hour);

  const plan = await planCollection(memory.ecr);
  const layersOf = Object.fromEntries(plan.repositories.map((each) => [each.repositoryName, each.layers]));
  const parts = 1 + image.layers.length;
  assert.deepEqual(layersOf, {
    one: 2 * parts,
    two: parts,
    gone: parts,
    'gone-too': parts,
    lost: parts,
    'lost-too': parts,
  });
  const sizeOf = (each: typeof image) => [each.config, ...each.layers].reduce((sum, { size }) => sum + size, 0);
  assert.equal(plan.bytes, sizeOf(image) + sizeOf(alone));

  const collected = await collectAll();
  assert.equal(collected.bytes, plan.bytes);
  assert.equal(collected.images, 4);
  assert.equal(memory.objects.size, parts, 'what kept needs');
});
