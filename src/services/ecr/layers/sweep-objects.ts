/** Finds stored objects that no row knows, left by a crash between two steps, and removes them: slowly, comparing names. */
import type { EcrService } from '../ecr-service.ts';

export interface SweptSlice {
  readonly checked: number;
  readonly removed: number;
  /** Whether the round goes on; after `false` the next slice begins a new round. */
  readonly more: boolean;
}

/**
 * A sweep that does one slice of a round per call. Objects younger than the longer of grace period and upload expiry are left alone: the
 * row that will know them may still be on its way.
 */
export function createObjectSweep(ecr: EcrService): () => Promise<SweptSlice> {
  let round: AsyncIterator<readonly { readonly name: string; readonly ageMs: number }[]> | undefined;

  return async () => {
    round ??= ecr.blobs.listObjects()[Symbol.asyncIterator]();
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

async function sweepSlice(
  ecr: EcrService,
  objects: readonly { readonly name: string; readonly ageMs: number }[],
): Promise<number> {
  const { layerGracePeriodMs, uploadExpiryMs } = ecr.settings;
  const youngest = Math.max(layerGracePeriodMs, uploadExpiryMs);
  const old = objects.filter(({ name, ageMs }) => ageMs > youngest && !ecr.uploadTurns.unrecordedObjects.has(name));
  if (old.length === 0) return 0;
  const known = await ecr.metadata.read((tx) => tx.blobs.knownObjects(old.map(({ name }) => name)));
  const orphans = old.filter(({ name }) => !known.has(name));
  for (const { name } of orphans) await ecr.blobs.remove(name);
  return orphans.length;
}
