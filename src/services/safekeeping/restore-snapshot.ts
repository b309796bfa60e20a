/** Puts an installation somewhere else, out of a backup. */
import type { BackupPlace, Snapshot } from '../../ports/backup-place.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Keys } from '../../ports/keys.ts';
import type { NewInstallation, SecretFile } from '../../ports/new-installation.ts';
import { claimLayerStore, installationIdName, newInstallationId } from '../integrity/layer-store-mark.ts';
import { adoptKeys, KeysMissing } from './adopt-keys.ts';
import { carryFromStream } from './carry-layer.ts';
import { type FilledLayer, fillStore, settleLayers } from './fill-store.ts';

export type RestoreStep =
  | { readonly step: 'layers'; readonly layers: number; readonly bytes: number }
  | ({ readonly step: 'layer' } & FilledLayer)
  | { readonly step: 'kept' };

export interface RestoreOptions {
  readonly clock: Clock;
  /** Copies the database of the snapshot to a new file. */
  readonly copyFile: (from: string, to: string) => Promise<void>;
  /** The keys among these files; undefined when they are not there. */
  readonly keysIn: (files: readonly SecretFile[]) => Keys | undefined;
}

/**
 * Restores a snapshot; every layer is hashed on its way, and those that the backup has not got whole count as damaged there, so that
 * the next push heals them. Interrupted, run again it goes on. Rejects with TargetInUse, KeysMissing and with what the stores fail with.
 */
export async function* restoreSnapshot(
  place: BackupPlace,
  snapshot: Snapshot,
  to: NewInstallation,
  { clock, copyFile, keysIn }: RestoreOptions,
): AsyncGenerator<RestoreStep> {
  const files = await place.secretFilesOf(snapshot);
  const theirs = keysIn(files);
  if (theirs === undefined && to.keys === undefined) {
    throw new KeysMissing(
      'The keys are not in this backup: they come from the setting `secret`. Give the one of the old installation with --secret or LONGSHORE_SECRET.',
    );
  }
  for (const file of files) await to.addSecretFile(file);
  const draft = await to.draft((path) => copyFile(place.databaseOf(snapshot), path));
  try {
    await claimLayerStore(to.blobs, draft.fixInstallationValue(installationIdName, newInstallationId()));
    yield { step: 'layers', ...draft.sums() };
    const filled = fillStore(
      draft.layers(),
      async (layer, receive) => carryFromStream(await place.readLayer(layer), receive),
      to.blobs,
      to.ledger,
    );
    for await (const layer of filled) yield { step: 'layer', ...layer };
    settleLayers(draft, to.ledger, to.placeOfNothing, clock);
    if (theirs !== undefined && to.keys !== undefined) adoptKeys(draft, theirs, to.keys);
    draft.settle();
  } catch (error) {
    draft.close();
    throw error;
  }
  await to.keep(draft);
  yield { step: 'kept' };
}
