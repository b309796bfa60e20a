/** What the operations of one S3 blob store share. Made by open-s3-blobs.ts. */
import type { Blocks } from '../receiving/blocks.ts';
import type { Hashing } from '../receiving/hashing.ts';
import type { RunningDigests } from '../receiving/running-digests.ts';
import type { PartBudget } from './part-writer.ts';
import type { Look, S3Store } from './s3-store.ts';

export interface StoreContext {
  readonly s3: S3Store;
  readonly hashing: Hashing;
  readonly blocks: Blocks;
  readonly digests: RunningDigests;
  readonly parts: PartBudget;
  /** Whether bodies are hashed for the store, because no TLS protects them on their way. */
  readonly signBodies: boolean;
  /** Where the latest uploads came to lie that this process has committed, by their key. */
  readonly committed: { get(uploadKey: string): string | undefined; set(uploadKey: string, location: string): unknown };
  /** Whether the ETag of a multipart object tells its parts, as far as is known. */
  readonly etags: { tell: boolean };
  /** `look`, a few at a time and one for all who ask for the same at once. */
  look(location: string): Promise<Look | undefined>;
  /** Goes on behind the caller's back; what fails is left to the sweep. */
  tidy(work: () => Promise<unknown>): void;
}
