/** All processes of an installation have the same keys, or tokens and sealed secrets of one would mean nothing to the others. */
import { createHmac } from 'node:crypto';
import type { Ports } from '../../ports/ports.ts';

/** This process has other keys than the installation; the message says what to do. */
export class OtherKeys extends Error {
  override readonly name = 'OtherKeys';
}

export const keyCheckName = 'key-check';

/** Whether keys were fixed for this database before, so that new ones must not be made. */
export async function keysAreFixed({ metadata }: Pick<Ports, 'metadata'>): Promise<boolean> {
  return (await metadata.read((tx) => tx.installation.find(keyCheckName))) !== undefined;
}

/** Fixes the keys at first start; afterwards rejects with OtherKeys when these are not they. */
export async function confirmKeys({ metadata, keys }: Pick<Ports, 'metadata' | 'keys'>): Promise<void> {
  const ours = keyCheckOf(keys);
  let fixed = await metadata.read((tx) => tx.installation.find(keyCheckName));
  if (fixed === undefined) {
    fixed = await metadata.write(function* (tx) {
      yield* tx.installation.add(keyCheckName, ours);
      return yield* tx.installation.find(keyCheckName);
    });
  }
  if (fixed !== ours) {
    throw new OtherKeys(
      'The keys of this node are not those of its database. Give every node the same --secret (LONGSHORE_SECRET), or, without one, the keys.json of the data directory of the node that was started first.',
    );
  }
}

/** What the database keeps to compare keys with. Tells nothing of the keys: one direction of a hash with 256 unknown bits. */
export function keyCheckOf(keys: Ports['keys']): string {
  const hmac = createHmac('sha256', keys.seal);
  for (const key of [keys.dockerToken, keys.pageToken]) hmac.update(key);
  return hmac.digest('base64url');
}
