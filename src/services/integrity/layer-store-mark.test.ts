import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createMemoryEcr } from '../../../tests/support/memory-ecr.ts';
import { type MemoryObjects, memoryBlobs, setMemoryMark } from '../../adapters/blobs/memory-blobs.ts';
import { BlobStoreUnavailable } from '../../ports/blob-store.ts';
import { TargetInUse } from '../../ports/new-installation.ts';
import { createObjectSweep } from '../ecr/layers/sweep-objects.ts';
import {
  claimLayerStore,
  confirmLayerStore,
  createMarkWatch,
  installationId,
  judgeMark,
  OtherLayerStore,
} from './layer-store-mark.ts';
import { verifyLayers } from './verify-layers.ts';

const place = { name: 's3://bucket/layers/', mark: 's3://bucket/layers/installation' };

async function withLayer() {
  const memory = await createMemoryEcr();
  const digest = await memory.pushLayer(await memory.createRepository('app'), randomBytes(100));
  return { ...memory, digest, damaged: () => memory.ecr.metadata.read((tx) => tx.blobs.countDamaged()) };
}

async function findings(ports: Parameters<typeof verifyLayers>[0]) {
  const all = [];
  for await (const { finding } of verifyLayers(ports)) all.push(finding);
  return all;
}

test('nodes that start at once agree on one mark', async (t) => {
  const memory = await createMemoryEcr();
  t.after(memory.close);
  const objects: MemoryObjects = new Map();
  const nodes = Array.from({ length: 4 }, () => ({ metadata: memory.ecr.metadata, blobs: memoryBlobs(objects) }));
  assert.deepEqual(await Promise.all(nodes.map(judgeMark)), ['ours', 'ours', 'ours', 'ours']);
  assert.equal(await memoryBlobs(objects).readMark(), await installationId(memory.ecr));
});

test('the store of another installation is refused, whether anything is known of its layers or not', async (t) => {
  const [empty, full, other] = [await createMemoryEcr(), await withLayer(), await createMemoryEcr()];
  t.after(() => Promise.all([empty.close(), full.close(), other.close()]));
  for (const { ecr } of [empty, full]) {
    await assert.rejects(
      confirmLayerStore({ metadata: ecr.metadata, blobs: other.ecr.blobs }, place),
      (error) => error instanceof OtherLayerStore && /s3:\/\/bucket\/layers\/ holds .* another/.test(error.message),
    );
  }
});

test('a store with neither mark nor layers is refused, with the words that let it in when the layers are lost', async (t) => {
  const memory = await withLayer();
  t.after(memory.close);
  const { metadata } = memory.ecr;
  const id = await installationId(memory.ecr);
  const blobs = memoryBlobs();
  await assert.rejects(
    confirmLayerStore({ metadata, blobs }, place),
    (error) => error instanceof OtherLayerStore && error.message.includes(`put the text ${id} into ${place.mark}`),
  );
  assert.equal(await blobs.readMark(), undefined);
  assert.equal(await memory.damaged(), 0);
  await blobs.leaveMark(id);
  await confirmLayerStore({ metadata, blobs }, place);
});

test('a store without mark in which layers are, damaged ones too, is marked', async (t) => {
  const memory = await withLayer();
  t.after(memory.close);
  const blob = await memory.ecr.metadata.read((tx) => tx.blobs.findByDigest(memory.digest));
  await memory.ecr.metadata.write((tx) => tx.blobs.setVerified(blob!.id, 'damaged'));
  setMemoryMark(memory.objects, undefined);
  await confirmLayerStore(memory.ecr, place);
  assert.equal(await memory.ecr.blobs.readMark(), await installationId(memory.ecr));
});

test('when the store goes, with its mark, nothing counts as damaged and nothing is swept', async (t) => {
  const memory = await withLayer();
  t.after(memory.close);
  const away = new Map(memory.objects);
  const id = await memory.ecr.blobs.readMark();
  memory.objects.clear();
  setMemoryMark(memory.objects, undefined);
  await assert.rejects(createObjectSweep(memory.ecr)(), BlobStoreUnavailable);
  await assert.rejects(findings(memory.ecr), BlobStoreUnavailable);
  assert.equal(await memory.damaged(), 0);
  for (const [name, object] of away) memory.objects.set(name, object);
  setMemoryMark(memory.objects, id);
  assert.deepEqual(await findings(memory.ecr), [undefined]);
});

test('a yes is never remembered where something is missing', async (t) => {
  const memory = await withLayer();
  t.after(memory.close);
  const watch = createMarkWatch(memory.ecr);
  await watch.require();
  await watch.requireRecent();
  memory.objects.clear();
  setMemoryMark(memory.objects, 'of somebody else');
  await watch.requireRecent();
  await assert.rejects(watch.require(), BlobStoreUnavailable);
  await assert.rejects(watch.requireRecent(), BlobStoreUnavailable);
});

test('a new store is claimed once', async () => {
  const blobs = memoryBlobs();
  await claimLayerStore(blobs, 'one');
  await claimLayerStore(blobs, 'one');
  await assert.rejects(claimLayerStore(blobs, 'two'), TargetInUse);
});
