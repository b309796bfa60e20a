/** The keys of an installation out of one secret that all its nodes are given (setting `secret`): nothing to copy, nothing to lose. */
import { hkdfSync } from 'node:crypto';
import type { Keys } from '../../ports/keys.ts';

const KEY_BYTES = 32;

/** Always the same keys for the same secret, each useless for guessing another. */
export function deriveKeys(secret: string): Keys {
  const key = (name: keyof Keys) => new Uint8Array(hkdfSync('sha256', secret, 'longshore', name, KEY_BYTES));
  return { dockerToken: key('dockerToken'), pageToken: key('pageToken'), seal: key('seal') };
}
