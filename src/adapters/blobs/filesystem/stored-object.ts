/** What is asked of a committed object: how it looks, whether its bytes are right, and to be gone. */
import { constants } from 'node:fs';
import type { StoredBlob } from '../../../ports/blob-store.ts';
import { splitDigest } from '../split-digest.ts';
import { closeFile, errorCode, isAbsence, lookAtFile, lookForFileNow, openFile, removeFile } from './file-calls.ts';
import { fingerprintOf } from './fingerprint.ts';
import { hashFile } from './hash-file.ts';
import { isUploadKey, objectPath, uploadPath } from './object-paths.ts';
import type { StoreContext } from './store-context.ts';

/** See BlobStore.check: one look, no byte read. */
export async function checkObject(store: StoreContext, blob: StoredBlob): Promise<'good' | 'changed' | 'absent'> {
  const look = lookForFileNow(objectPath(store.directory, blob.location));
  if (!look) return 'absent';
  return fingerprintOf(look) === blob.fingerprint ? 'good' : 'changed';
}

/** See BlobStore.verify: reads the whole object; the worker hashes it. */
export async function verifyObject(
  store: StoreContext,
  blob: StoredBlob,
): Promise<{ fingerprint: string } | 'damaged' | 'absent'> {
  const { algorithm, hex } = splitDigest(blob.digest);
  let fd: number;
  try {
    fd = await openFile(objectPath(store.directory, blob.location), constants.O_RDONLY);
  } catch (error) {
    if (isAbsence(error)) return 'absent';
    throw error;
  }
  const hash = store.hashing.begin(algorithm);
  try {
    // The look from before reading: whatever is changed from now on looks different from it.
    const look = await lookAtFile(fd);
    if (!look.isFile() || look.size !== BigInt(blob.size)) return 'damaged';
    const length = await hashFile(fd, blob.size, hash, store.blocks);
    return length === blob.size && (await hash.peek()) === hex ? { fingerprint: fingerprintOf(look) } : 'damaged';
  } catch (error) {
    // A sector that cannot be read is damage, which the next push of the same blob heals.
    if (errorCode(error) === 'EIO') return 'damaged';
    throw error;
  } finally {
    hash.end();
    await closeFile(fd);
  }
}

/**
 * See BlobStore.remove; also takes the key of an upload. Not synced: the row is what counts, and a file that comes back after a
 * power cut is swept again.
 */
export async function removeObject(store: StoreContext, name: string): Promise<void> {
  if (!isUploadKey(name)) return removeFile(objectPath(store.directory, name));
  store.digests.forget(name);
  return removeFile(uploadPath(store.directory, name));
}
