/** Each kind of job on a real queue and real services: what it does, and that it goes on where another process left off. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { makeImage } from '../../../tests/support/make-image.ts';
import { createMemoryEcr, hour, type MemoryEcr } from '../../../tests/support/memory-ecr.ts';
import { logTo } from '../../lib/log/create-log.ts';
import type { JobRecord } from '../../ports/records.ts';
import { jobKinds } from '../../services/ecr/job-kinds.ts';
import { appendUpload } from '../../services/ecr/layers/append-upload.ts';
import { startUpload } from '../../services/ecr/layers/start-upload.ts';
import { deleteRepository } from '../../services/ecr/repositories/operations/delete-repository.ts';
import type { RepositoryRef } from '../../services/ecr/repositories/repository-ref.ts';
import { type BackgroundCounts, createBackgroundCounts } from '../background-counts.ts';
import { jobHandlers } from '../job-handlers.ts';
import type { ScrubProgress } from './scrub-layers.ts';

let memory: MemoryEcr;
let app: RepositoryRef;
let counts: BackgroundCounts;
beforeEach(async () => {
  memory = await createMemoryEcr();
  app = await memory.createRepository('app');
  counts = createBackgroundCounts();
});
afterEach(() => memory.close());

const settings = { collectRate: 0, scrubRate: 1e12 };

/** Runs the handler to its end, or until it has told something for the nth time. Answers what it told last. */
async function run(kind: string, { progress, stopAfter }: { progress?: unknown; stopAfter?: number } = {}) {
  const handler = jobHandlers(memory.ecr, settings, counts).find((each) => each.kind === kind)!;
  const added = await memory.ecr.metadata.write((tx) => tx.jobs.add({ kind, subject: '' }));
  const stopping = new AbortController();
  let told: object | undefined;
  let tellings = 0;
  await handler.run({
    job: { ...added, progress } satisfies JobRecord,
    signal: stopping.signal,
    log: logTo(() => undefined, 'silent').logger,
    tell(value) {
      told = value;
      tellings += 1;
      if (tellings === stopAfter) stopping.abort();
    },
  });
  return told;
}

test('every kind has a handler', () => {
  const kinds = jobHandlers(memory.ecr, settings, counts).map(({ kind }) => kind);
  assert.deepEqual(kinds.toSorted(), Object.values(jobKinds).toSorted());
});

describe('collecting', () => {
  test('removes what has expired and tells how much', async () => {
    for (let at = 0; at < 100; at += 1) await memory.pushLayer(app, randomBytes(10));
    memory.pass(25 * hour);
    const told = await run(jobKinds.collectLayers);
    const { elapsedMs: _, ...rest } = told as { elapsedMs: number };
    assert.deepEqual(rest, { images: 0, layers: 100, blobs: 100, bytes: 1000, total: 200, removed: 200 });
    assert.deepEqual([counts.collectedLayers, counts.collectedObjects, counts.collectedBytes], [100, 100, 1000]);
    assert.equal(memory.objects.size, 0);
  });

  test('that was broken off is gone on with, and the sums go on too', async () => {
    for (let at = 0; at < 100; at += 1) await memory.pushLayer(app, randomBytes(10));
    memory.pass(25 * hour);
    const half = (await run(jobKinds.collectLayers, { stopAfter: 1 })) as { layers: number };
    assert(half.layers > 0 && half.layers < 100, `${half.layers} of 100 layers`);
    const whole = await run(jobKinds.collectLayers, { progress: half });
    assert.deepEqual([(whole as { layers: number }).layers, memory.objects.size], [100, 0]);
  });
});

test('DeleteRepository queues the job that empties it, in its transaction', async () => {
  await memory.push(app, makeImage({ seed: 'purge' }), 'v1');
  let rung = 0;
  memory.ecr.jobBell.onRing(() => rung++);
  const input = { repositoryName: app.name };
  await assert.rejects(deleteRepository.handle(memory.context, input), { code: 'RepositoryNotEmptyException' });
  const queued = () => memory.ecr.metadata.read((tx) => tx.jobs.findActive(jobKinds.purgeRepositories, ''));
  assert.deepEqual([await queued(), rung], [undefined, 0]);
  await deleteRepository.handle(memory.context, { ...input, force: true });
  assert.deepEqual([(await queued())?.state, rung], ['waiting', 1]);
  await run(jobKinds.purgeRepositories);
  assert.equal(counts.collectedImages, 1);
  const left = await memory.ecr.metadata.read((tx) => tx.garbage.listDeletedRepositories({ limit: 1 }));
  assert.deepEqual(left, []);
});

test('abandoned uploads are ended', async () => {
  const upload = await startUpload(memory.ecr, app);
  await appendUpload(memory.ecr, app, upload.id, Readable.from([Buffer.from('x')]));
  memory.pass(25 * hour);
  assert.deepEqual(await run(jobKinds.expireUploads), { uploads: 1 });
  assert.deepEqual([counts.expiredUploads, memory.objects.size], [1, 0]);
});

test('what no row knows is swept', async () => {
  const key = memory.ecr.blobs.startUpload();
  const lost = { key, state: '' };
  await memory.ecr.blobs.append(lost, 0, Readable.from([Buffer.from('y')]), { algorithm: 'sha256', limit: 10 });
  const kept = await memory.pushLayer(app, randomBytes(10));
  memory.pass(25 * hour);
  const told = (await run(jobKinds.sweepObjects)) as { removed: number };
  assert.deepEqual([told.removed, counts.sweptObjects, memory.objects.size], [1, 1, 1]);
  assert(await memory.ecr.metadata.read((tx) => tx.blobs.findByDigest(kept)));
});

describe('the scrub', () => {
  async function damage(digest: string): Promise<void> {
    const { location } = (await memory.ecr.metadata.read((tx) => tx.blobs.findByDigest(digest)))!;
    const object = memory.objects.get(location)!;
    const bytes = Buffer.from(object.bytes);
    bytes[0]! ^= 1;
    memory.objects.set(location, { ...object, bytes });
  }

  test('finds damage, and goes on where it was broken off', async () => {
    const digests: string[] = [];
    for (let at = 0; at < 4; at += 1) digests.push(await memory.pushLayer(app, randomBytes(10)));
    await damage(digests[3]!);
    const half = (await run(jobKinds.scrubLayers, { stopAfter: 2 })) as ScrubProgress;
    assert.deepEqual([half.layers, half.damaged, half.last - half.after], [2, 0, 2]);
    const whole = (await run(jobKinds.scrubLayers, { progress: half })) as ScrubProgress;
    assert.deepEqual([whole.layers, whole.bytes, whole.damaged], [4, 40, 1]);
    assert.deepEqual([counts.scrubbedLayers, counts.scrubFoundDamaged], [4, 1]);
    assert.equal(await memory.ecr.metadata.read((tx) => tx.blobs.countDamaged()), 1);
  });

  test('leaves what is pushed meanwhile to the next round', async () => {
    await memory.pushLayer(app, randomBytes(10));
    const half = (await run(jobKinds.scrubLayers, { stopAfter: 1 })) as ScrubProgress;
    await memory.pushLayer(app, randomBytes(10));
    assert.equal(await run(jobKinds.scrubLayers, { progress: half }), undefined);
    assert.equal(counts.scrubbedLayers, 1);
  });

  test('has nothing to say of an empty store', async () => {
    assert.equal(await run(jobKinds.scrubLayers), undefined);
  });
});

test('rows of jobs are kept for a while', async () => {
  const { metadata } = memory.ecr;
  const { id } = await metadata.write((tx) => tx.jobs.add({ kind: 'old', subject: '' }));
  await metadata.write((tx) => tx.jobs.claim({ kinds: ['old'], holder: 'h', leaseMs: 1000 }));
  await metadata.write((tx) => tx.jobs.finish(id, { holder: 'h' }));
  await run(jobKinds.pruneJobs);
  assert.equal((await metadata.read((tx) => tx.jobs.find(id)))?.state, 'done');
});
