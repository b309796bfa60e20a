/** What the operations of one file system blob store share. Made by open-filesystem-blobs.ts. */
import type { Blocks } from './blocks.ts';
import type { DirectorySync } from './directory-sync.ts';
import type { Hashing } from './hashing.ts';
import type { ReadBuffers } from './read-buffers.ts';
import type { RunningDigests } from './running-digests.ts';

export interface StoreContext {
  readonly directory: string;
  readonly blocks: Blocks;
  readonly hashing: Hashing;
  readonly readBuffers: ReadBuffers;
  readonly digests: RunningDigests;
  readonly directories: DirectorySync;
}
