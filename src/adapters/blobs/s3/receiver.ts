/** The client's side of sending: writes with backpressure, and knows when nobody listens any more. */
import type { Writable } from 'node:stream';

/** Bytes that may wait in the client's socket before the store's is paused, and when it goes on. */
const PAUSE_AT = 1024 * 1024;
const RESUME_AT = 256 * 1024;

export interface Receiver {
  isGone(): boolean;
  /**
   * A promise means: no more until it has resolved. It resolves, too, when the receiver goes away; what it is given then is thrown away. `free` hears of
   * the chunk when it has left.
   */
  write(chunk: Uint8Array, free: (chunk: Uint8Array) => void): Promise<void> | undefined;
  /** Ends, after a last chunk. Resolves with true when all has left, with false when it never will. */
  end(chunk?: Uint8Array): Promise<boolean>;
  release(): void;
}

export function createReceiver(to: Writable): Receiver {
  let isClosed = to.destroyed;
  let pending = 0;
  let wake: (() => void) | undefined;
  let ended: ((left: boolean) => void) | undefined;

  function onClose() {
    isClosed = true;
    wake?.();
    ended?.(false);
  }
  // The write's callback reports it as well; without a listener it would end the process.
  const onError = () => {};
  to.on('close', onClose).on('error', onError);

  return {
    isGone: () => isClosed || to.destroyed,
    write(chunk, free) {
      if (isClosed || to.destroyed) return undefined;
      const { length } = chunk;
      pending += length;
      to.write(chunk, (error) => {
        pending -= length;
        if (!error) free(chunk);
        if (pending <= RESUME_AT) wake?.();
      });
      if (pending < PAUSE_AT) return undefined;
      return new Promise((resolve) => {
        wake = () => {
          wake = undefined;
          resolve();
        };
      });
    },
    end(chunk) {
      if (isClosed || to.destroyed) return Promise.resolve(false);
      return new Promise((resolve) => {
        ended = resolve;
        const done = (error?: Error | null) => resolve(!error);
        if (chunk) to.end(chunk, done);
        else to.end(done);
      });
    },
    release: () => void to.off('close', onClose),
  };
}
