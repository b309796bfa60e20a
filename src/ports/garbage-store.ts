/**
 * What garbage collection asks of the database, many rows at a time: layers that no image refers to any more, and blobs that no
 * repository shows. What is deleted is judged anew in the statement that deletes it; nothing hangs on what a listing said.
 */
import type { BlobRecord, LayerRecord, RegistryId } from './records.ts';
import type { Work } from './work.ts';

export interface Expiry {
  /** Layers that were renewed before this may go. */
  readonly renewedBefore: number;
  /** Blobs that were created before this may go. */
  readonly createdBefore: number;
}

/** A layer as a dry run tells it. */
export interface ExpiredLayer extends LayerRecord {
  readonly id: number;
  readonly registry: RegistryId;
  readonly repositoryName: string;
  readonly size: number;
  /** Whether a layer that stays shows the same blob, so that no bytes are freed. */
  readonly blobStays: boolean;
}

/** What a deleted repository still has. */
export interface DeletedRepository {
  readonly id: number;
  readonly registry: RegistryId;
  readonly repositoryName: string;
  readonly images: number;
  readonly layers: number;
  /** Of blobs that no live repository shows, counted for the first deleted one that does. */
  readonly bytes: number;
}

export interface GarbageStore {
  /**
   * Takes these layers out of their repositories, but for those that an image refers to or that were renewed since. Take
   * `repositories.lock` first. Answers how many went.
   */
  deleteLayers(layers: readonly LayerRecord[], renewedBefore: number): Work<number>;
  /**
   * Deletes the rows of these blobs, but for those that a repository shows. Answers those that went: their objects may be removed once this is
   * committed. Caches need not be told: none of them holds a blob that no repository shows.
   */
  deleteBlobs(ids: readonly number[]): Work<BlobRecord[]>;
  /** How much there is to do, each counted up to `limit`: for estimates. */
  count(expiry: Expiry & { limit: number }): Work<{ images: number; layers: number; blobs: number }>;
  /** Layers of repositories that are not deleted, longest expired first. */
  listExpiredLayers(page: {
    renewedBefore: number;
    after?: { renewedAt: number; id: number };
    limit: number;
  }): Work<ExpiredLayer[]>;
  /** By id, each with the sums of all it has: for a dry run only. */
  listDeletedRepositories(page: { after?: number; limit: number }): Work<DeletedRepository[]>;
}
