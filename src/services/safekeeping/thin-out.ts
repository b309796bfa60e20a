/** Removes the oldest snapshots of a backup, and the layers that no snapshot names any more. */
import type { BackupPlace, Snapshot } from '../../ports/backup-place.ts';
import type { DatabaseCopy } from '../../ports/database-copy.ts';

/**
 * Keeps the newest `keep` snapshots. Answers what went. Rejects with BackupUnavailable; interrupted, it is done again by the next one.
 */
export async function thinOut(
  place: BackupPlace,
  keep: number,
  openCopy: (path: string) => DatabaseCopy,
): Promise<{ snapshots: string[]; layers: number }> {
  const all = await place.listSnapshots();
  const old = all.slice(0, Math.max(0, all.length - keep));
  for (const snapshot of old) await place.removeSnapshot(snapshot);
  const left = all.slice(old.length);
  return { snapshots: old.map(({ name }) => name), layers: await removeUnnamed(place, left, openCopy) };
}

async function removeUnnamed(
  place: BackupPlace,
  snapshots: readonly Snapshot[],
  openCopy: (path: string) => DatabaseCopy,
): Promise<number> {
  const copies: DatabaseCopy[] = [];
  try {
    for (const snapshot of snapshots) copies.push(openCopy(place.databaseOf(snapshot)));
    let removed = 0;
    for await (const digests of place.listLayers()) {
      for (const digest of digests) {
        if (copies.some((copy) => copy.names(digest))) continue;
        await place.removeLayer(digest);
        removed++;
      }
    }
    return removed;
  } finally {
    for (const copy of copies) copy.close();
  }
}
