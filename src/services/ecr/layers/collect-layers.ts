/**
 * Garbage collection in slices (design, section 4): layers that no image refers to after their grace period, what deleted repositories
 * leave, and blobs that no repository shows any more. Online: every removal looks again inside its own transaction.
 */
import type { BlobRecord } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';
import { renewalWindowMs } from './renew-layer.ts';

export interface CollectedSlice {
  readonly layers: number;
  readonly blobs: number;
  readonly bytes: number;
  /** Whether another slice has work to do now. */
  readonly more: boolean;
}

/** Rows touched in one transaction: a few milliseconds, so that no push waits longer. */
const sliceSize = 100;

/** One slice. A crash at any point leaves at most objects without a row, which the sweep finds. */
export async function collectLayers(ecr: EcrService): Promise<CollectedSlice> {
  const purged = await ecr.metadata.write((tx) => tx.repositories.purge(sliceSize));
  const layers = await collectExpiredLayers(ecr);
  const blobs = await collectBlobs(ecr);
  return {
    layers,
    blobs: blobs.length,
    bytes: blobs.reduce((sum, { size }) => sum + size, 0),
    more: purged || layers === sliceSize || blobs.length === sliceSize,
  };
}

async function collectExpiredLayers(ecr: EcrService): Promise<number> {
  const { layerGracePeriodMs } = ecr.settings;
  // Renewals within the window are not written, so that nobody's period is cut short.
  const renewedBefore = ecr.clock.now() - layerGracePeriodMs - renewalWindowMs(layerGracePeriodMs);
  const listed = await ecr.metadata.read((tx) => tx.layers.listExpired({ renewedBefore, limit: sliceSize }));
  if (listed.length === 0) return 0;
  await ecr.metadata.write(function* (tx) {
    for (const { repositoryId, digest } of listed) {
      const layer = yield* tx.layers.find(repositoryId, digest);
      const expired = layer !== undefined && !layer.referenced && layer.renewedAt < renewedBefore;
      if (expired) yield* tx.layers.delete(repositoryId, digest);
    }
  });
  return listed.length;
}

/** Row first, object after the commit: the other way round a crash would leave a row without its object. */
async function collectBlobs(ecr: EcrService): Promise<readonly BlobRecord[]> {
  const createdBefore = ecr.clock.now() - ecr.settings.layerGracePeriodMs;
  const listed = await ecr.metadata.read((tx) => tx.blobs.listUnreferenced({ limit: sliceSize, createdBefore }));
  if (listed.length === 0) return [];
  const deleted = await ecr.metadata.write(function* (tx) {
    const gone: BlobRecord[] = [];
    for (const blob of listed) {
      const present = yield* tx.blobs.findByDigest(blob.digest);
      // Healed meanwhile: what lies at the listed place is no longer ours to judge.
      if (present?.location !== blob.location) continue;
      if (yield* tx.blobs.deleteIfUnreferenced(blob.id)) gone.push(blob);
    }
    return gone;
  });
  for (const { location } of deleted) await ecr.blobs.remove(location);
  return deleted;
}
