/** What is asked of a committed object: how it looks, and whether its bytes are right. */
import type { StoredBlob } from '../../../ports/blob-store.ts';
import { splitDigest } from '../split-digest.ts';
import { fingerprintOf, looksGood } from './fingerprint.ts';
import { hashObject } from './hash-object.ts';
import type { StoreContext } from './store-context.ts';

/** See BlobStore.check: one look, no byte read. */
export async function checkObject(store: StoreContext, blob: StoredBlob): Promise<'good' | 'changed' | 'absent'> {
  const look = await store.look(blob.location);
  if (!look) return 'absent';
  return looksGood(blob, look) ? 'good' : 'changed';
}

/** See BlobStore.verify. The look is from before reading, and only what looks so is read. */
export async function verifyObject(
  store: StoreContext,
  blob: StoredBlob,
): Promise<{ fingerprint: string } | 'damaged' | 'absent'> {
  const look = await store.s3.look(blob.location);
  if (!look) return 'absent';
  if (look.size !== blob.size) return 'damaged';
  const { algorithm } = splitDigest(blob.digest);
  const actual = await hashObject(store, { ...look, location: blob.location }, algorithm);
  return actual === blob.digest ? { fingerprint: fingerprintOf(look) } : 'damaged';
}
