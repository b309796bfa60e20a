/** Puts an installation somewhere else, out of a backup. */
import type { BackupPlace, Snapshot } from '../../ports/backup-place.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NewInstallation } from '../../ports/new-installation.ts';
import { carryFromStream } from './carry-layer.ts';
import { type FilledLayer, fillStore, settleLayers } from './fill-store.ts';

export type InstallStep =
  | { readonly step: 'layers'; readonly layers: number; readonly bytes: number }
  | ({ readonly step: 'layer' } & FilledLayer)
  | { readonly step: 'kept' };

export interface RestoreOptions {
  readonly clock: Clock;
  /** Copies the database of the snapshot to a new file. */
  readonly copyFile: (from: string, to: string) => Promise<void>;
}

/**
 * Restores a snapshot; every layer is hashed on its way, and those that the backup has not got whole count as damaged there, so that
 * the next push heals them. Interrupted, run again it goes on. Rejects with TargetInUse and with what the stores fail with.
 */
export async function* restoreSnapshot(
  place: BackupPlace,
  snapshot: Snapshot,
  to: NewInstallation,
  { clock, copyFile }: RestoreOptions,
): AsyncGenerator<InstallStep> {
  for (const file of await place.secretFilesOf(snapshot)) await to.addSecretFile(file);
  const draft = await to.draft((path) => copyFile(place.databaseOf(snapshot), path));
  try {
    yield { step: 'layers', ...draft.sums() };
    const filled = fillStore(
      draft.layers(),
      async (layer, receive) => carryFromStream(await place.readLayer(layer), receive),
      to.blobs,
      to.ledger,
    );
    for await (const layer of filled) yield { step: 'layer', ...layer };
    settleLayers(draft, to.ledger, to.placeOfNothing, clock);
    draft.settle();
  } catch (error) {
    draft.close();
    throw error;
  }
  await to.keep(draft);
  yield { step: 'kept' };
}
