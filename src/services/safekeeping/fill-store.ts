/** Brings all layers of a database into another blob store, and tells a draft of that database where they lie then. */
import type { Readable } from 'node:stream';
import { inParallel } from '../../lib/in-parallel.ts';
import type { BlobStore, StoredBlob } from '../../ports/blob-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CopiedLayer, CopyLedger, DatabaseDraft } from '../../ports/database-copy.ts';
import type { Carried } from './carry-layer.ts';
import { storeLayer } from './carry-layer.ts';

/** How a layer is had: calls `receive` with its bytes. */
export type CarryLayer = (
  layer: CopiedLayer,
  receive: (source: Readable) => Promise<StoredBlob>,
) => Promise<Carried<StoredBlob>>;

export interface FilledLayer {
  readonly digest: string;
  readonly bytes: number;
  readonly outcome: 'copied' | 'kept' | 'lost';
}

const PARALLEL = 8;

/**
 * Copies every layer that the ledger does not name yet, or that is not where it says; each is hashed on its way. Interrupted, it goes on where it stopped. Rejects with
 * what either store fails with.
 */
export function fillStore(
  layers: Iterable<readonly CopiedLayer[]> | AsyncIterable<readonly CopiedLayer[]>,
  carry: CarryLayer,
  blobs: BlobStore,
  ledger: CopyLedger,
): AsyncGenerator<FilledLayer> {
  return inParallel(each(layers), PARALLEL, async (layer): Promise<FilledLayer> => {
    const tell = (outcome: FilledLayer['outcome']) => ({ digest: layer.digest, bytes: layer.size, outcome });
    const found = ledger.find(layer.digest);
    // Somebody may have emptied the store since an earlier run.
    if (found !== undefined && (await blobs.check({ ...layer, ...found })) === 'good') return tell('kept');
    const carried = await carry(layer, (source) => storeLayer(blobs, layer, source));
    if (typeof carried === 'string') {
      ledger.forget(layer.digest);
      return tell('lost');
    }
    ledger.add(carried.as);
    return tell('copied');
  });
}

/**
 * Writes into the draft where its layers lie now. One that the ledger does not name is lost: it counts as damaged, at a place where nothing
 * is, so that the next push heals it.
 */
export function settleLayers(
  draft: DatabaseDraft,
  ledger: CopyLedger,
  placeOfNothing: (digest: string) => string,
  clock: Clock,
): void {
  function* relocated() {
    for (const slice of draft.layers()) {
      for (const { id, digest } of slice) {
        const found = ledger.find(digest);
        if (found === undefined) yield { id, location: placeOfNothing(digest), fingerprint: '', lost: true };
        else yield { id, ...found, lost: false };
      }
    }
  }
  draft.relocate(relocated(), clock.now());
}

async function* each(
  layers: Iterable<readonly CopiedLayer[]> | AsyncIterable<readonly CopiedLayer[]>,
): AsyncGenerator<CopiedLayer> {
  for await (const slice of layers) yield* slice;
}
