/** Takes the bytes out of a Readable as they come: 'data' events, since an async iterator costs a promise per chunk. */
import type { Readable } from 'node:stream';

/**
 * Calls `onChunk` for every chunk; while a promise it returned is pending, the source is paused. Resolves with 'ended' or, when the source
 * broke off (client gone, fewer bytes than announced), with 'broken'. Rejects with what `onChunk` throws, and then leaves the rest of the
 * source unread: what becomes of the connection is for the edge to decide.
 */
export function receiveSource(
  source: Readable,
  onChunk: (chunk: Uint8Array) => Promise<void> | undefined,
): Promise<'ended' | 'broken'> {
  if (source.readableEnded) return Promise.resolve('ended');
  if (source.destroyed) return Promise.resolve('broken');
  return new Promise((resolve, reject) => {
    let busy = false;
    let outcome: 'ended' | 'broken' | undefined;

    function take(chunk: Uint8Array) {
      try {
        const pending = onChunk(chunk);
        if (pending) pause(pending);
      } catch (error) {
        fail(error);
      }
    }
    function pause(pending: Promise<void>) {
      busy = true;
      source.pause();
      pending.then(() => {
        busy = false;
        if (outcome) settle();
        else source.resume();
      }, fail);
    }
    function finish(as: 'ended' | 'broken') {
      outcome ??= as;
      if (!busy) settle();
    }
    function settle() {
      detach();
      if (outcome) resolve(outcome);
    }
    function fail(error: unknown) {
      detach();
      source.pause();
      reject(error);
    }
    const onEnd = () => finish('ended');
    const onBreak = () => finish('broken');
    function detach() {
      source.off('data', take).off('end', onEnd).off('aborted', onBreak).off('close', onBreak).off('error', onBreak);
      // A late error of a source that nobody listens to any more would end the process.
      source.on('error', () => {});
    }

    source.on('end', onEnd).on('aborted', onBreak).on('close', onBreak).on('error', onBreak).on('data', take);
  });
}
