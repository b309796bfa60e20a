/**
 * Buffers for reading blobs, used again and again. Large reads are cheap per byte, so a few downloads get 1 MiB each; many at once
 * get less, so that memory stays bounded however many there are.
 */

const SIZES = [1024 * 1024, 256 * 1024, 64 * 1024] as const;
/** What all downloads together should hold; each holds two buffers. */
const BUDGET = 64 * 1024 * 1024;
/** What is kept for the next download. */
const SPARE = 8 * 1024 * 1024;

export interface ReadBuffers {
  /** The size of buffers that a download of `length` bytes should take now. */
  sizeFor(length: number): number;
  take(size: number): Buffer;
  /** Gives a buffer back, when nothing reads from it any more. */
  give(buffer: Buffer): void;
  /** Gives a buffer up without using it again. */
  forfeit(buffer: Buffer): void;
}

export function createReadBuffers(): ReadBuffers {
  const spare = new Map<number, Buffer[]>(SIZES.map((size) => [size, []]));
  let spareBytes = 0;
  let takenBytes = 0;

  return {
    sizeFor(length) {
      const smallest = SIZES[SIZES.length - 1]!;
      // Not larger than needed: many blobs are configurations of a few KiB.
      for (const size of SIZES) {
        const isNeeded = length > size / 2 || size === smallest;
        if (isNeeded && (takenBytes + 2 * size <= BUDGET || size === smallest)) return size;
      }
      return smallest;
    },
    take(size) {
      takenBytes += size;
      const used = spare.get(size)?.pop();
      if (!used) return Buffer.allocUnsafeSlow(size);
      spareBytes -= size;
      return used;
    },
    give(buffer) {
      takenBytes -= buffer.length;
      if (spareBytes + buffer.length > SPARE) return;
      spareBytes += buffer.length;
      spare.get(buffer.length)?.push(buffer);
    },
    forfeit(buffer) {
      takenBytes -= buffer.length;
    },
  };
}
