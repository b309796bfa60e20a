/** Two nodes disagree about an object: one finds it bad while the other heals it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, test } from 'node:test';
import { createMemoryEcr, type MemoryEcr } from '../../../../tests/support/memory-ecr.ts';
import type { BlobStore } from '../../../ports/blob-store.ts';
import { createEcrService, type EcrService } from '../ecr-service.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { findLayer } from './find-layer.ts';
import { markDamaged } from './layer-health.ts';
import { openLayer } from './open-layer.ts';
import { createBlobScrub } from './scrub-blobs.ts';

const bytes = randomBytes(1000);
let memory: MemoryEcr;
let app: RepositoryRef;
let digest: string;
beforeEach(async () => {
  memory = await createMemoryEcr();
  app = await memory.createRepository('app');
  digest = await memory.pushLayer(app, bytes);
});
afterEach(() => memory.close());

/** A node on whose way to the blob store, at the first call of `step`, the object is lost and pushed again through another node. */
function nodeOvertakenAt(step: 'check' | 'open' | 'verify'): EcrService {
  const { metadata, clock, keys, settings, blobs } = memory.ecr;
  let overtaken = false;
  const overtake = async ({ location }: { location: string }) => {
    if (overtaken) return;
    overtaken = true;
    memory.objects.delete(location);
    await memory.pushLayer(app, bytes);
  };
  const slow: Partial<BlobStore> = {
    async [step](...called: Parameters<BlobStore['open']>) {
      await overtake(called[0]);
      return blobs[step](...called);
    },
  };
  return createEcrService({ metadata, clock, keys, blobs: { ...blobs, ...slow } }, settings);
}

/** Makes the object look different, so that it must be read before it is trusted. */
async function touch(): Promise<void> {
  const { blob } = (await findLayer(memory.ecr, app, digest)) ?? assert.fail('no layer');
  memory.objects.set(blob.location, { bytes: Buffer.from(bytes), version: -1, changedAt: 0 });
}

async function assertHealthy(): Promise<void> {
  const blob = await memory.ecr.metadata.read((tx) => tx.blobs.findByDigest(digest));
  assert.equal(blob?.damaged, false, 'nothing is said about the object that took its place');
  assert(await findLayer(memory.ecr, app, digest));
}

for (const step of ['check', 'verify'] as const) {
  test(`a layer that was healed during ${step} is found`, async () => {
    if (step === 'verify') await touch();
    assert(await findLayer(nodeOvertakenAt(step), app, digest));
    await assertHealthy();
  });
}

for (const step of ['open', 'verify'] as const) {
  test(`a layer that was healed during ${step} is read where it lies now`, async () => {
    if (step === 'verify') await touch();
    const opened =
      (await openLayer(nodeOvertakenAt(step), app, digest, () => ({ first: 1, last: 3 }))) ?? assert.fail('absent');
    const chunks: Buffer[] = [];
    const to = new Writable({
      write(chunk, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    assert.equal(await opened.blob.send(to), 'sent');
    assert.deepEqual(Buffer.concat(chunks), bytes.subarray(1, 4));
    await assertHealthy();
  });
}

test('a mark for an object that is no longer the one in use marks nothing', async () => {
  const outdated = (await findLayer(memory.ecr, app, digest)) ?? assert.fail('no layer');
  memory.objects.delete(outdated.blob.location);
  await memory.pushLayer(app, bytes);
  await markDamaged(memory.ecr, outdated);
  await assertHealthy();
});

test('what was lost for a while is there again once the scrub has read it', async () => {
  const { blob } = (await findLayer(memory.ecr, app, digest)) ?? assert.fail('no layer');
  const object = memory.objects.get(blob.location) ?? assert.fail('no object');
  memory.objects.delete(blob.location);
  assert.equal(await findLayer(memory.ecr, app, digest), undefined);
  const scrub = createBlobScrub(memory.ecr);
  assert.deepEqual(await scrub(), { bytes: 0, damaged: undefined, after: blob.id, more: true });
  assert.equal((await scrub()).more, false);
  assert.equal(await findLayer(memory.ecr, app, digest), undefined, 'still lost');

  memory.objects.set(blob.location, object);
  assert.equal((await scrub()).bytes, bytes.length);
  await assertHealthy();
});
