/**
 * Turns an upload into an object (design, section 4, step 2): digest compared, data synced, moved to its final name, directory
 * synced. No byte is copied, and none is read again unless the state does not tell the digest.
 */
import { constants } from 'node:fs';
import { dirname } from 'node:path';
import {
  type DigestAlgorithm,
  DigestMismatch,
  type OpenUpload,
  type StoredBlob,
  UploadLost,
} from '../../../ports/blob-store.ts';
import { splitDigest } from '../split-digest.ts';
import {
  closeFile,
  isAbsence,
  lookAtFile,
  lookForFile,
  openFile,
  renameFile,
  syncFile,
  truncateFile,
} from './file-calls.ts';
import { fingerprintOf } from './fingerprint.ts';
import { hashFile } from './hash-file.ts';
import { locationOf, objectPath, uploadPath } from './object-paths.ts';
import type { StoreContext } from './store-context.ts';
import { takeBackUpload } from './take-back-upload.ts';
import { digestInState } from './upload-state.ts';

/** See BlobStore.commit; throws file system errors as they are. */
export async function commitUpload(
  store: StoreContext,
  { key, state }: OpenUpload,
  expected: { digest: string; size: number },
): Promise<StoredBlob> {
  const { digest, size } = expected;
  const location = locationOf(key, digest);
  const from = uploadPath(store.directory, key);
  const to = objectPath(store.directory, location);

  const source = (await findFile(store, key, to, size)) === 'moved' ? to : from;
  const { algorithm } = splitDigest(digest);
  const actual = digestInState(state, size, algorithm) ?? (await readDigest(store, source, size, algorithm));
  if (actual !== digest) throw new DigestMismatch(actual);

  await store.directories.ensure(dirname(to));
  if (source === from) await move(store, from, to);
  try {
    await store.directories.sync(dirname(to));
  } catch (error) {
    // After a failed sync another one may succeed without having written anything. Moved back, the whole will be done again.
    if (source === from) await renameFile(to, from).catch(() => {});
    throw error;
  }
  const look = await lookAtFile(to);
  store.digests.forget(key);
  return { digest, size, location, fingerprint: fingerprintOf(look) };
}

/**
 * Finds the file of the upload and sees to it that it has exactly `size` bytes. 'moved' when an earlier commit, cut off by a crash before its row
 * was written, has given it its final name already; under any other name it is taken back.
 */
async function findFile(store: StoreContext, key: string, to: string, size: number): Promise<'open' | 'moved'> {
  const from = uploadPath(store.directory, key);
  let look = await lookForFile(from);
  if (!look && (await lookForFile(to))?.size === BigInt(size)) return 'moved';
  if (!look && size > 0 && (await takeBackUpload(store, key))) look = await lookForFile(from);
  if (look) {
    if (look.size < size) throw new UploadLost('The upload has fewer bytes than were acknowledged.');
    if (look.size > size) await cut(from, size);
    return 'open';
  }
  if (size > 0) throw new UploadLost('The upload has no bytes any more.');
  // The empty blob: nothing was ever appended, so that there is no file yet.
  const fd = await openFile(from, constants.O_RDWR | constants.O_CREAT, 0o600);
  await syncFile(fd).finally(() => closeFile(fd));
  return 'open';
}

/** Cuts off what no request ever acknowledged. */
async function cut(path: string, size: number): Promise<void> {
  const fd = await openFile(path, constants.O_RDWR);
  try {
    await truncateFile(fd, size);
    await syncFile(fd);
  } finally {
    await closeFile(fd);
  }
}

/** The digest of the upload's bytes, made by reading the file: its state does not tell it, or tells that of more bytes. */
async function readDigest(
  store: StoreContext,
  path: string,
  size: number,
  algorithm: DigestAlgorithm,
): Promise<string> {
  const fd = await openFile(path, constants.O_RDONLY);
  const hash = store.hashing.begin(algorithm);
  try {
    if ((await hashFile(fd, size, hash, store.blocks)) < size) {
      throw new UploadLost('The upload has fewer bytes than were acknowledged.');
    }
    return `${algorithm}:${await hash.peek()}`;
  } finally {
    hash.end();
    await closeFile(fd);
  }
}

async function move(store: StoreContext, from: string, to: string): Promise<void> {
  try {
    await renameFile(from, to);
  } catch (error) {
    if (!isAbsence(error)) throw error;
    // Somebody removed the directory of the day, being empty, beside the running server.
    store.directories.doubt(dirname(to));
    await store.directories.ensure(dirname(to));
    await renameFile(from, to);
  }
}
