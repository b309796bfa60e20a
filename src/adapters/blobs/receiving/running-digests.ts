/**
 * The digests of open uploads that may go on, kept between their requests so that no byte is read again for the next. Bounded: a digest that
 * was forgotten, or is kept by another process, is made again by reading the object once.
 */
import { createHash, type Hash } from 'node:crypto';
import type { DigestAlgorithm } from '../../../ports/blob-store.ts';
import type { WorkerHash } from './hashing.ts';

/**
 * A hash lives in one place and cannot move. Small uploads are hashed where they arrive, since a trip to the worker costs more
 * than hashing them; what grows beyond `SMALL_UPLOAD` begins anew in the worker, for which at most that much is read again.
 */
export type RunningDigest = {
  readonly algorithm: DigestAlgorithm;
} & ({ readonly place: 'here'; readonly hash: Hash } | { readonly place: 'worker'; readonly hash: WorkerHash });

export const SMALL_UPLOAD = 1024 * 1024;

export interface RunningDigests {
  /**
   * Takes out the digest that was put with this `state`, which names what went into it: had the upload been continued elsewhere, or had what this process
   * appended never been recorded, the state would be another. Whoever takes it puts it back when its bytes are durable.
   */
  take(key: string, state: string): RunningDigest | undefined;
  put(key: string, state: string, digest: RunningDigest): void;
  forget(key: string): void;
}

export function createRunningDigests(limit: number): RunningDigests {
  const kept = new Map<string, { readonly state: string; readonly digest: RunningDigest }>();

  function forget(key: string) {
    const found = kept.get(key);
    kept.delete(key);
    if (found) discard(found.digest);
  }

  return {
    take(key, state) {
      const found = kept.get(key);
      if (!found) return undefined;
      const { digest } = found;
      if (found.state !== state || (digest.place === 'worker' && !digest.hash.alive)) {
        forget(key);
        return undefined;
      }
      kept.delete(key);
      return digest;
    },
    put(key, state, digest) {
      forget(key);
      kept.set(key, { state, digest });
      if (kept.size <= limit) return;
      // A Map keeps the order of insertion, and every use inserts anew: the first is the one unused for longest.
      for (const oldest of kept.keys()) {
        forget(oldest);
        break;
      }
    },
    forget,
  };
}

export function digestHere(algorithm: DigestAlgorithm): RunningDigest & { place: 'here' } {
  return { algorithm, place: 'here', hash: createHash(algorithm) };
}

/** Frees what the worker keeps of a digest that nobody will use again. */
export function discard(digest: RunningDigest): void {
  if (digest.place === 'worker') digest.hash.end();
}

/** The digest in OCI's notation of what was hashed so far. */
export async function textOf(digest: RunningDigest): Promise<string> {
  const hex = digest.place === 'here' ? digest.hash.copy().digest('hex') : await digest.hash.peek();
  return `${digest.algorithm}:${hex}`;
}
