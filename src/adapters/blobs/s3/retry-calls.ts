/** Tries a request to the store again while that may help: with jittered back-off, within the time that a request may take. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BlobStoreUnavailable } from '../../../ports/blob-store.ts';
import { judgeFailure } from './s3-failure.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 3000;

/** Runs `attempt` until it succeeds. The signal it is given ends what an attempt that failed may still be doing. */
export type Calls = <T>(attempt: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/**
 * Answers a function that rejects with S3Refusal, or with BlobStoreUnavailable when the failure will not pass or `timeMs` are over. One that
 * lasted as long as that by itself (a store that hangs) is tried once more. `closing` ends all waiting.
 */
export function createCalls({
  timeMs,
  closing,
  onRetry = () => undefined,
}: {
  timeMs: number;
  closing: AbortSignal;
  onRetry?: () => void;
}): Calls {
  return async (attempt) => {
    const deadline = Date.now() + timeMs;
    for (let tried = 1; ; tried++) {
      if (closing.aborted) throw new BlobStoreUnavailable('The blob store is closed.');
      const ending = new AbortController();
      try {
        return await attempt(ending.signal);
      } catch (error) {
        // Such as a part of which the store said no before it had come in full.
        ending.abort();
        const judgement = judgeFailure(error);
        if (judgement.is !== 'passing') throw judgement.error;
        const pause = pauseAfter(tried);
        if (tried > 1 && Date.now() + pause > deadline) throw judgement.error;
        onRetry();
        await sleep(pause, undefined, { signal: closing, ref: true }).catch(() => {});
      }
    }
  };
}

/** Anything between half and the whole of a time that doubles: nodes that failed together do not come back together. */
function pauseAfter(tried: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tried);
  return longest / 2 + (Math.random() * longest) / 2;
}
