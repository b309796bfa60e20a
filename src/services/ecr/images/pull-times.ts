/** When images were last pulled: remembered here at no cost to the pull, written together now and then. */
import type { Ports } from '../../../ports/ports.ts';

export interface PullTimes {
  record(imageId: number): void;
  /** A pull that is not in the database yet. */
  of(imageId: number): number | undefined;
  /** Writes what has been recorded. Rejects as `metadata.write` does; nothing recorded is lost by that. */
  flush(): Promise<void>;
}

export function createPullTimes({ metadata, clock }: Pick<Ports, 'metadata' | 'clock'>): PullTimes {
  let recorded = new Map<number, number>();
  let beingWritten: ReadonlyMap<number, number> = new Map();
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    const batch = recorded;
    beingWritten = batch;
    recorded = new Map();
    try {
      await metadata.write((tx) => tx.images.setLastPulled(batch));
    } catch (error) {
      recorded = new Map([...batch, ...recorded]);
      throw error;
    } finally {
      beingWritten = new Map();
    }
  }

  return {
    record: (imageId) => void recorded.set(imageId, clock.now()),
    of: (imageId) => recorded.get(imageId) ?? beingWritten.get(imageId),
    async flush() {
      await writing;
      if (recorded.size === 0) return;
      writing = write();
      try {
        await writing;
      } finally {
        writing = undefined;
      }
    },
  };
}
