/** Finds stored objects that no row knows, left by a crash between two steps, and removes them: slowly, comparing names. */
import type { ListedObject } from '../../../ports/blob-store.ts';
import type { EcrService } from '../ecr-service.ts';

export interface SweptSlice {
  readonly checked: number;
  readonly removed: number;
  /** Whether the round goes on; after `false` the next slice begins a new round. */
  readonly more: boolean;
}

/** Small layers that come whole have no row before they are stored, and other processes do not know of them: none takes so long. */
const leastSharedAgeMs = 60 * 60 * 1000;

/**
 * A sweep that does one slice of a round per call. Objects younger than the grace period, the upload expiry and, where other processes
 * serve, an hour are left alone: the row that will know them may still be on its way. What an open upload wrote stays, under whatever name. Rejects with
 * BlobStoreUnavailable in a store without our mark.
 */
export function createObjectSweep(ecr: EcrService): () => Promise<SweptSlice> {
  let round: AsyncIterator<readonly ListedObject[]> | undefined;

  return async () => {
    if (round === undefined) {
      // In another installation's store everything is an orphan.
      await ecr.storeMark.require();
      round = ecr.blobs.listObjects()[Symbol.asyncIterator]();
    }
    const running = round;
    // Begins anew after a failure: what was missed is looked at in the next round.
    round = undefined;
    const next = await running.next();
    if (next.done) return { checked: 0, removed: 0, more: false };
    const removed = await sweepSlice(ecr, next.value);
    round = running;
    return { checked: next.value.length, removed, more: true };
  };
}

async function sweepSlice(ecr: EcrService, objects: readonly ListedObject[]): Promise<number> {
  const { layerGracePeriodMs, uploadExpiryMs, sharedUploads } = ecr.settings;
  const youngest = Math.max(layerGracePeriodMs, uploadExpiryMs, sharedUploads ? leastSharedAgeMs : 0);
  const { unrecordedObjects } = ecr.uploadTurns;
  const old = objects.filter(
    ({ name, upload, ageMs }) =>
      ageMs > youngest && !unrecordedObjects.has(name) && !unrecordedObjects.has(upload ?? ''),
  );
  if (old.length === 0) return 0;
  const names = old.flatMap(({ name, upload }) => (upload === undefined ? [name] : [name, upload]));
  const known = await ecr.metadata.read((tx) => tx.blobs.knownObjects(names));
  const orphans = old.filter(({ name, upload }) => !known.has(name) && !(upload !== undefined && known.has(upload)));
  for (const { name } of orphans) await ecr.blobs.remove(name);
  return orphans.length;
}
