/**
 * Takes a snapshot: the database first, then the layers that it names and the backup has not got yet. Works while others serve:
 * layers are never changed, and one that is collected in between is noticed, so that database and layers fit in the end.
 */
import { inParallel } from '../../lib/in-parallel.ts';
import type { BackupPlace, NewSnapshot, Snapshot } from '../../ports/backup-place.ts';
import type { CopiedLayer, DatabaseCopy } from '../../ports/database-copy.ts';
import type { Ports } from '../../ports/ports.ts';
import { carryFromStore } from './carry-layer.ts';

export interface BackUpOptions {
  /** Writes a copy of the database as it is now to a new file, in place of what is there, and opens it. */
  readonly copyDatabase: (path: string) => Promise<DatabaseCopy>;
  /** Small files that belong to it: keys. */
  readonly secretFiles: readonly { readonly name: string; readonly text: string }[];
  /** Reads again what the backup has, and copies anew what is damaged there. */
  readonly verify: boolean;
  readonly longshore: string;
  readonly parallel?: number;
}

export type BackUpStep =
  /** The database was copied (again, when layers that it named were collected meanwhile). */
  | { readonly step: 'database'; readonly layers: number; readonly bytes: number }
  | {
      readonly step: 'layer';
      readonly bytes: number;
      readonly outcome: 'copied' | 'kept' | 'lost' | 'collected';
      readonly digest: string;
    }
  | { readonly step: 'complete'; readonly snapshot: Snapshot };

/** Layers are kept a day after their last use; only somebody who deletes while we copy makes a second round necessary. */
const MOST_ROUNDS = 10;
const PARALLEL = 8;

/** So much was deleted while we copied that no whole snapshot came about. */
export class NeverWhole extends Error {
  override readonly name = 'NeverWhole';
}

/**
 * Ends with the step `complete`. Rejects with BackupUnavailable, MetadataUnavailable, BlobStoreUnavailable and NeverWhole; earlier snapshots
 * stay as they are then, and what was copied is not copied again next time.
 */
export async function* backUp(
  ports: Pick<Ports, 'metadata' | 'blobs' | 'clock'>,
  place: BackupPlace,
  options: BackUpOptions,
): AsyncGenerator<BackUpStep> {
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    const takenAt = ports.clock.now();
    const snapshot = await place.beginSnapshot(takenAt);
    const copy = await options.copyDatabase(snapshot.databasePath);
    const lost: string[] = [];
    let collected = false;
    const sums = copy.sums();
    try {
      yield { step: 'database', ...sums };
      const layers = inParallel(each(copy), options.parallel ?? PARALLEL, (layer) =>
        keepLayer(ports, place, layer, options.verify && round === 1),
      );
      for await (const step of layers) {
        yield step;
        if (step.outcome === 'lost') lost.push(step.digest);
        if (step.outcome === 'collected') collected = true;
      }
    } finally {
      copy.close();
    }
    if (collected) continue;
    yield { step: 'complete', snapshot: await complete(snapshot, options, { takenAt, ...sums, lost: lost.sort() }) };
    return;
  }
  throw new NeverWhole(
    'Layers were collected faster than they could be copied. Run the backup again: it goes on with what it has.',
  );
}

async function complete(
  snapshot: NewSnapshot,
  { secretFiles, longshore }: BackUpOptions,
  facts: { takenAt: number; layers: number; bytes: number; lost: string[] },
): Promise<Snapshot> {
  for (const { name, text } of secretFiles) await snapshot.addSecretFile(name, text);
  return snapshot.complete({ ...facts, takenAt: new Date(facts.takenAt).toISOString(), longshore });
}

async function keepLayer(
  { metadata, blobs }: Pick<Ports, 'metadata' | 'blobs'>,
  place: BackupPlace,
  layer: CopiedLayer,
  verify: boolean,
): Promise<Extract<BackUpStep, { step: 'layer' }>> {
  const tell = (outcome: 'copied' | 'kept' | 'lost' | 'collected') =>
    ({ step: 'layer', bytes: layer.size, outcome, digest: layer.digest }) as const;
  if (await (verify ? place.verifyLayer(layer) : place.hasLayer(layer))) return tell('kept');
  const carried = await carryFromStore(blobs, layer, (source) => place.writeLayer(layer, source));
  if (typeof carried !== 'string') return tell('copied');
  // The live database knows whether it is lost, or only lies elsewhere by now or is not needed any more.
  const present = await metadata.read((tx) => tx.blobs.findByDigest(layer.digest));
  return tell(present?.location === layer.location ? 'lost' : 'collected');
}

function* each(copy: DatabaseCopy): Generator<CopiedLayer> {
  for (const slice of copy.layers()) yield* slice;
}
