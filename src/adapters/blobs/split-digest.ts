/** A digest in its two parts, as names of objects and hashes want them. */
import type { DigestAlgorithm } from '../../ports/blob-store.ts';

const DIGEST = /^(?:(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128}))$/;

/** Splits a digest. Throws a TypeError unless it is sha256 or sha512 in lowercase hex; callers have checked it long before. */
export function splitDigest(digest: string): { algorithm: DigestAlgorithm; hex: string } {
  const [, sha256, hex256, sha512, hex512] = DIGEST.exec(digest) ?? [];
  if (sha256) return { algorithm: 'sha256', hex: hex256! };
  if (sha512) return { algorithm: 'sha512', hex: hex512! };
  throw new TypeError('Not a sha256 or sha512 digest.');
}
