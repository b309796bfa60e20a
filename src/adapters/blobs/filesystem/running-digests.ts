/**
 * The digests of open uploads, kept between their requests so that closing an upload reads nothing twice. Bounded: a digest
 * that was forgotten, like one lost by a restart, is made again by reading the object once.
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
  /** How many bytes of the upload, from its beginning, went into the hash. They are durable, and nothing lies behind them. */
  length: number;
} & ({ readonly place: 'here'; readonly hash: Hash } | { readonly place: 'worker'; readonly hash: WorkerHash });

export const SMALL_UPLOAD = 1024 * 1024;

export interface RunningDigests {
  /** Takes out the digest of the first `length` bytes. Whoever takes it puts it back when these and its bytes are durable. */
  take(key: string, algorithm: DigestAlgorithm, length: number): RunningDigest | undefined;
  put(key: string, digest: RunningDigest): void;
  forget(key: string): void;
}

export function createRunningDigests(limit: number): RunningDigests {
  const kept = new Map<string, RunningDigest>();

  function remove(key: string): RunningDigest | undefined {
    const digest = kept.get(key);
    kept.delete(key);
    return digest;
  }

  return {
    take(key, algorithm, length) {
      const digest = remove(key);
      if (!digest) return undefined;
      const usable = digest.algorithm === algorithm && digest.length === length;
      if (usable && (digest.place === 'here' || digest.hash.alive)) return digest;
      discard(digest);
      return undefined;
    },
    put(key, digest) {
      kept.set(key, digest);
      if (kept.size <= limit) return;
      // A Map keeps the order of insertion, and every use inserts anew: the first is the one unused for longest.
      for (const oldest of kept.keys()) {
        const evicted = remove(oldest);
        if (evicted) discard(evicted);
        break;
      }
    },
    forget(key) {
      const digest = remove(key);
      if (digest) discard(digest);
    },
  };
}

export function digestHere(algorithm: DigestAlgorithm): RunningDigest & { place: 'here' } {
  return { algorithm, length: 0, place: 'here', hash: createHash(algorithm) };
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
