/**
 * What the row of an upload keeps for this store: the digest of the bytes so far. With it any process closes the upload without reading a byte,
 * and a digest that still runs in memory is known to be of the same bytes. Empty when the digest is not known.
 */
import type { DigestAlgorithm } from '../../../ports/blob-store.ts';

const STATE = /^(\d+) (sha256|sha512):([0-9a-f]+)$/;

/** The state of an upload whose first `length` bytes have the digest. */
export function uploadState(length: number, digest: string): string {
  return `${length} ${digest}`;
}

/** The digest of the first `length` bytes, when the state tells it. */
export function digestInState(state: string, length: number, algorithm: DigestAlgorithm): string | undefined {
  const [, of, itsAlgorithm, hex] = STATE.exec(state) ?? [];
  return Number(of) === length && itsAlgorithm === algorithm ? `${algorithm}:${hex}` : undefined;
}
