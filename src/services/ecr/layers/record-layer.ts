/** Makes a stored object a layer of a repository: the last step of every upload. */
import type { StoredBlob } from '../../../ports/blob-store.ts';
import { MetadataUnavailable } from '../../../ports/metadata.ts';
import type { BlobRecord, UploadRecord } from '../../../ports/records.ts';
import { Fault } from '../../fault.ts';
import type { EcrService } from '../ecr-service.ts';
import { repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { lossIn } from './hold-upload.ts';

export interface RecordedLayer {
  readonly digest: string;
  readonly size: number;
  /** Whether the repository showed a good layer of this digest before. */
  readonly alreadyThere: boolean;
}

/**
 * Commits the row of a blob that has just been placed, together with the end of its upload. Where a good object with the same
 * digest exists, that one stays and the new one goes; where the existing one is damaged or gone, the new one takes its place.
 * Throws RepositoryNotFound, UploadNotFound and, when another request has taken the upload over, InvalidLayerPart.
 */
export async function recordLayer(
  ecr: EcrService,
  ref: RepositoryRef,
  placed: StoredBlob,
  upload?: Pick<UploadRecord, 'id' | 'holder'>,
): Promise<RecordedLayer> {
  const bad = await findBadObject(ecr, placed.digest);
  const now = ecr.clock.now();
  const outcome = await ecr.metadata
    .write(function* (tx) {
      const repository = yield* repositoryIn(tx, ref, 'shared');
      if (upload !== undefined && !(yield* tx.uploads.delete(upload.id, upload.holder))) {
        throw yield* lossIn(tx, ref, upload);
      }
      const known = yield* tx.blobs.findByDigest(placed.digest);
      const healthy = known !== undefined && !known.damaged && known.location !== bad?.location;
      if (known !== undefined && !healthy) yield* tx.blobs.relocate(known.id, { ...placed, verifiedAt: now });
      const blob = known ?? (yield* tx.blobs.add({ ...placed, damaged: false, createdAt: now, verifiedAt: now }));
      const shown = yield* tx.layers.find(repository.id, placed.digest);
      yield* tx.layers.put({ repositoryId: repository.id, digest: placed.digest, blobId: blob.id, renewedAt: now });
      return {
        alreadyThere: healthy && shown !== undefined,
        superfluous: healthy ? placed.location : known?.location,
      };
    })
    .catch(async (error: unknown) => {
      // Removed only where it is certain that no row knows it and nobody can come back for it: a client may close the upload again
      // once the database takes rows again, and a request on another node that took the upload over may have found this very object
      // finished. Whatever is left over is swept.
      const ours = upload === undefined || !ecr.settings.sharedUploads;
      const undone = (ours && error instanceof Fault) || (upload === undefined && isFull(error));
      if (undone) await removeQuietly(ecr, placed.location);
      throw error;
    });
  if (outcome.superfluous !== undefined) await removeQuietly(ecr, outcome.superfluous);
  return { digest: placed.digest, size: placed.size, alreadyThere: outcome.alreadyThere };
}

/** The object of this digest that we have, when it is damaged, gone, or no longer looks as it did when it was good. */
async function findBadObject(ecr: EcrService, digest: string): Promise<BlobRecord | undefined> {
  const known = await ecr.metadata.read((tx) => tx.blobs.findByDigest(digest));
  if (known === undefined) return undefined;
  return known.damaged || (await ecr.blobs.check(known)) !== 'good' ? known : undefined;
}

/** What cannot be removed now is found by the sweep: nothing depends on it. */
async function removeQuietly(ecr: EcrService, location: string): Promise<void> {
  await ecr.blobs.remove(location).catch(() => undefined);
}

function isFull(error: unknown): boolean {
  return error instanceof MetadataUnavailable && error.full;
}
