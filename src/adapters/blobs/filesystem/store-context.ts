/** What the operations of one file system blob store share. Made by open-filesystem-blobs.ts. */
import type { Blocks } from '../receiving/blocks.ts';
import type { Hashing } from '../receiving/hashing.ts';
import type { RunningDigests } from '../receiving/running-digests.ts';
import type { DirectorySync } from './directory-sync.ts';
import type { ReadBuffers } from './read-buffers.ts';

export interface StoreContext {
  readonly directory: string;
  readonly blocks: Blocks;
  readonly hashing: Hashing;
  readonly readBuffers: ReadBuffers;
  readonly digests: RunningDigests;
  readonly directories: DirectorySync;
}
