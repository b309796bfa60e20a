/** After the last crash: once the background has done its work, the store holds what images need, each once, and nothing else. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256Digest } from '../black-box/content.ts';
import type { Model } from './model.ts';
import type { StoredObjects } from './stored-objects.ts';
import type { Trial } from './trial.ts';

/** Grace periods and intervals so short that collection, expiry and sweep happen while we watch. */
export const SWEEP_FLAGS = [
  '--layer-grace-period=1s',
  '--upload-expiry=1s',
  '--collect-interval=1s',
  '--sweep-interval=1s',
];

const PATIENCE_MS = 60_000;

/** The server runs with SWEEP_FLAGS. Reports what is left over or gone; then the model knows that unreferenced layers are gone. */
export async function checkSweep(trial: Trial, objects: StoredObjects): Promise<void> {
  const needed = neededDigests(trial.model);
  let names: string[] = [];
  for (const giveUpAt = performance.now() + PATIENCE_MS; performance.now() < giveUpAt; await sleep(250)) {
    const all = await objects.list();
    const orphans = await objects.orphans(all);
    names = all.filter((name) => !orphans.has(name));
    trial.report.orphans = orphans.size;
    if (names.length <= needed.size) break;
  }
  const found: string[] = [];
  for (const name of names) {
    const digest = sha256Digest(await objects.read(name));
    if (!needed.has(digest) || found.includes(digest)) trial.report.breach('left over', `${name} holds ${digest}`);
    found.push(digest);
  }
  for (const digest of needed) {
    if (!found.includes(digest)) trial.report.breach('lost', `nothing stored holds ${digest}, which an image needs`);
  }
  forgetUnreferenced(trial.model);
}

function neededDigests(model: Model): Set<string> {
  const needed = new Set<string>();
  for (const repository of model.repositories()) {
    for (const image of model.list('image', repository)) {
      for (const layer of model.manifests.get(image)?.layers ?? []) needed.add(layer);
    }
  }
  return needed;
}

function forgetUnreferenced(model: Model): void {
  model.uploads.clear();
  for (const repository of model.repositories()) {
    const images = model.list('image', repository).map((image) => model.manifests.get(image));
    for (const layer of model.list('layer', repository)) {
      const referenced = images.some((manifest) => manifest?.layers.includes(layer));
      if (!referenced) model.apply(new Map([[`layer ${repository} ${layer}`, undefined]]));
    }
  }
}
