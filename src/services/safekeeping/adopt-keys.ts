/** Makes an installation open with other keys: what was sealed with the old ones is sealed with the new ones. */
import { timingSafeEqual } from 'node:crypto';
import { seal, unseal } from '../../lib/seal.ts';
import type { DatabaseDraft } from '../../ports/database-copy.ts';
import type { Keys } from '../../ports/keys.ts';

/** There is nothing to open the sealed secrets with; the message says what to do. */
export class KeysMissing extends Error {
  override readonly name = 'KeysMissing';
}

/** Leaves the draft alone when the keys are the same. Throws KeysMissing when `from` does not open what is in there; nothing is changed then. */
export function adoptKeys(draft: DatabaseDraft, from: Keys, to: Keys): void {
  if (NAMES.every((name) => timingSafeEqual(from[name], to[name]))) return;
  draft.reseal((accessKeyId, sealed) => {
    const secret = unseal(from.seal, sealed, accessKeyId);
    if (secret === undefined) {
      throw new KeysMissing(
        `The access key ${accessKeyId} was sealed with other keys than those at hand. Give the setting \`secret\`, or the keys.json, of the installation that sealed it.`,
      );
    }
    return seal(to.seal, secret, accessKeyId);
  });
}

const NAMES = ['dockerToken', 'pageToken', 'seal'] as const satisfies readonly (keyof Keys)[];
