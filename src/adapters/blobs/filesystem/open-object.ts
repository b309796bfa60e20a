/**
 * Opens a committed object for sending. One that looks as it did when it was last known good is sent as it is; one that looks
 * different is hashed while it streams, and its last block is withheld when the digest is wrong.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import type { Writable } from 'node:stream';
import { BlobAbsent, type ByteRange, type OpenBlob, type StoredBlob } from '../../../ports/blob-store.ts';
import { splitDigest } from '../split-digest.ts';
import { closeFile, errorCode, isAbsence, lookAtFile, openFile } from './file-calls.ts';
import { fingerprintOf } from './fingerprint.ts';
import { objectPath } from './object-paths.ts';
import { type Inspection, type Stretch, sendFile } from './send-file.ts';
import { storageFailure } from './storage-failure.ts';
import type { StoreContext } from './store-context.ts';

/** See BlobStore.open; throws file system errors as they are. */
export async function openObject(store: StoreContext, blob: StoredBlob, range?: ByteRange): Promise<OpenBlob> {
  const stretch = stretchOf(blob.size, range);
  const fd = await openFile(objectPath(store.directory, blob.location), constants.O_RDONLY).catch((error: unknown) => {
    if (isAbsence(error)) throw new BlobAbsent('The object is not there.', { cause: error });
    throw error;
  });
  try {
    const look = await lookAtFile(fd);
    if (!look.isFile() || look.size !== BigInt(blob.size)) throw new BlobAbsent('The object has another size.');
    return opened(store, blob, { fd, stretch, trusted: fingerprintOf(look) === blob.fingerprint });
  } catch (error) {
    await closeFile(fd);
    throw error;
  }
}

interface OpenFile {
  readonly fd: number;
  readonly stretch: Stretch;
  readonly trusted: boolean;
}

function opened(store: StoreContext, blob: StoredBlob, { fd, stretch, trusted }: OpenFile): OpenBlob {
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeFile(fd);
    return closing;
  };

  async function send(to: Writable): Promise<'sent' | 'damaged' | 'aborted'> {
    try {
      const inspect = trusted ? accept : hashing(blob.digest);
      if (!trusted && stretch.length !== blob.size) throw new TypeError('A range of an untrusted blob cannot be sent.');
      return await sendFile(fd, stretch, to, store.readBuffers, inspect);
    } catch (error) {
      // A sector that cannot be read is damage, which the next push of the same blob heals.
      if (errorCode(error) === 'EIO') return 'damaged';
      throw storageFailure(error);
    } finally {
      await close();
    }
  }

  return { size: blob.size, trusted, send, close };
}

/** Throws a RangeError unless the range lies wholly in the blob; the edge has cut it to fit. */
function stretchOf(size: number, range: ByteRange | undefined): Stretch {
  if (!range) return { first: 0, length: size };
  const { first, last } = range;
  if (!(first >= 0 && first <= last && last < size)) throw new RangeError('The range lies outside the blob.');
  return { first, length: last - first + 1 };
}

const accept: Inspection = () => true;

/** Hashes every block and judges at the last. On this thread: it happens once to a file that was restored or tampered with. */
function hashing(digest: string): Inspection {
  const { algorithm, hex } = splitDigest(digest);
  const hash = createHash(algorithm);
  return (block, last) => {
    hash.update(block);
    return !last || hash.digest('hex') === hex;
  };
}
