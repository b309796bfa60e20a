/** The sum of what services may ask for. A function takes only what it needs: `Pick<Ports, 'metadata' | 'clock'>`. */
import type { BlobStore } from './blob-store.ts';
import type { Clock } from './clock.ts';
import type { Keys } from './keys.ts';
import type { Metadata } from './metadata.ts';

export interface Ports {
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly keys: Keys;
}
