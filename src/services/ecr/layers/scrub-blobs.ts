/** Re-reads stored blobs in the background, because some damage changes nothing that a look from outside could see. */
import type { EcrService } from '../ecr-service.ts';
import { verifyBlob } from './layer-health.ts';

export interface ScrubbedSlice {
  /** Bytes read: the caller paces the slices by them. */
  readonly bytes: number;
  /** Digest of the blob when it was found damaged or gone; it is absent from now on, until it is pushed again or comes back as it was. */
  readonly damaged: string | undefined;
  /** The blob that was read: another scrub may go on after it. */
  readonly after: number;
  /** Whether the round goes on; after `false` the next slice begins a new round. */
  readonly more: boolean;
}

/** A scrub that re-reads one blob per call, in the order of ids, beginning after the one given. */
export function createBlobScrub(ecr: EcrService, begin = 0): () => Promise<ScrubbedSlice> {
  let after = begin;

  return async () => {
    const [blob] = await ecr.metadata.read((tx) => tx.blobs.list({ limit: 1, after }));
    after = blob?.id ?? 0;
    if (blob === undefined) return { bytes: 0, damaged: undefined, after, more: false };
    // A store that was not there for a while (a disk that was not mounted, a node with another bucket) made it look gone: it is read again once it
    // looks as it did when it was good.
    const lost = blob.damaged && (await ecr.blobs.check(blob)) !== 'good';
    if (lost) return { bytes: 0, damaged: undefined, after, more: true };
    const good = await verifyBlob(ecr, blob);
    if (good !== undefined) return { bytes: blob.size, damaged: undefined, after: blob.id, more: true };
    // Collected or healed while it was read is no damage.
    const present = await ecr.metadata.read((tx) => tx.blobs.findByDigest(blob.digest));
    const found = present?.location === blob.location && present.damaged && !blob.damaged;
    const damaged = found ? blob.digest : undefined;
    return { bytes: blob.size, damaged, after: blob.id, more: true };
  };
}
