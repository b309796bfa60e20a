/**
 * Moves an installation to other stores: the layers while it serves, then, in a pause, what came meanwhile and the database. The old one is
 * only read and stays the truth until the very end.
 */
import { inParallel } from '../../lib/in-parallel.ts';
import type { CopiedLayer, DatabaseDraft } from '../../ports/database-copy.ts';
import type { NewInstallation, SecretFile } from '../../ports/new-installation.ts';
import type { Ports } from '../../ports/ports.ts';
import { claimLayerStore, installationId } from '../integrity/layer-store-mark.ts';
import { adoptKeys } from './adopt-keys.ts';
import { carryFromStore } from './carry-layer.ts';
import { type FilledLayer, fillStore, settleLayers } from './fill-store.ts';

export interface MovedFrom {
  readonly ports: Ports;
  readonly secretFiles: readonly SecretFile[];
  /** Resolves when nobody serves it any more; nobody can then until the process ends. */
  pause(): Promise<void>;
  /** Writes a copy of the database to a new file. */
  copyDatabase(path: string): Promise<void>;
}

export type MoveStep =
  /** So much is to be copied (or looked at) now. */
  | { readonly step: 'online' | 'rest' | 'check'; readonly layers: number; readonly bytes: number }
  | ({ readonly step: 'layer' } & FilledLayer)
  | { readonly step: 'checked'; readonly bytes: number }
  /** From here on nobody may serve the old one. */
  | { readonly step: 'pausing' }
  | { readonly step: 'database' }
  | { readonly step: 'kept' };

/** A layer that was copied is not there as it should be. */
export class MoveIncomplete extends Error {
  override readonly name = 'MoveIncomplete';
}

const PAGE = 500;
const PARALLEL = 16;

/**
 * With `layers`, they move too; otherwise both installations have the same ones. Interrupted, run again it goes on. Rejects with
 * TargetInUse, MoveIncomplete and with what the stores fail with; the old installation is as it was then.
 */
export async function* moveInstallation(
  from: MovedFrom,
  to: NewInstallation,
  { layers }: { readonly layers: boolean },
): AsyncGenerator<MoveStep> {
  const { metadata, blobs, keys, clock } = from.ports;
  const fill = (source: Parameters<typeof fillStore>[0]) =>
    fillStore(source, (layer, receive) => carryFromStore(blobs, layer, receive), to.blobs, to.ledger);

  if (layers) {
    await claimLayerStore(to.blobs, await installationId(from.ports));
    yield { step: 'online', ...(await sumsOf(metadata)) };
    for await (const layer of fill(liveLayers(metadata))) yield { step: 'layer', ...layer };
  }
  yield { step: 'pausing' };
  await from.pause();
  for (const file of from.secretFiles) await to.addSecretFile(file);
  const draft = await to.draft((path) => from.copyDatabase(path));
  try {
    if (layers) {
      const sums = draft.sums();
      yield { step: 'rest', ...sums };
      for await (const layer of fill(draft.layers())) yield { step: 'layer', ...layer };
      settleLayers(draft, to.ledger, to.placeOfNothing, clock);
      yield { step: 'check', ...sums };
      yield* checkLayers(draft, to);
    }
    if (to.keys !== undefined) adoptKeys(draft, keys, to.keys);
    draft.settle();
    yield { step: 'database' };
  } catch (error) {
    draft.close();
    throw error;
  }
  await to.keep(draft);
  yield { step: 'kept' };
}

/** Asks the new store for every layer that was copied: its bytes were hashed on the way, now it must be where the database says. */
async function* checkLayers(draft: DatabaseDraft, to: NewInstallation): AsyncGenerator<MoveStep> {
  function* whole(): Generator<CopiedLayer> {
    for (const slice of draft.layers()) for (const layer of slice) if (!layer.damaged) yield layer;
  }
  const checked = inParallel(whole(), PARALLEL, async (layer) => {
    const found = await to.blobs.check(layer);
    if (found !== 'good')
      throw new MoveIncomplete(
        `The layer ${layer.digest} was copied to ${layer.location} and is ${found} there. Run the move again.`,
      );
    return layer.size;
  });
  for await (const bytes of checked) yield { step: 'checked', bytes };
}

async function* liveLayers(metadata: Ports['metadata']): AsyncGenerator<CopiedLayer[]> {
  for (let after = 0; ; ) {
    const page = await metadata.read((tx) => tx.blobs.list({ after, limit: PAGE }));
    if (page.length === 0) return;
    yield page;
    after = page.at(-1)!.id;
  }
}

async function sumsOf(metadata: Ports['metadata']): Promise<{ layers: number; bytes: number }> {
  const sums = { layers: 0, bytes: 0 };
  for await (const page of liveLayers(metadata)) {
    sums.layers += page.length;
    for (const { size } of page) sums.bytes += size;
  }
  return sums;
}
