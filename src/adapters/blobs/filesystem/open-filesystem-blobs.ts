/** The blob store on a file system: joins the operations of this folder and keeps count of what runs, so that closing waits for it. */
import { constants } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type BlobStore, BlobStoreUnavailable, type OpenBlob } from '../../../ports/blob-store.ts';
import { BLOCK_SIZE, createBlocks } from '../receiving/blocks.ts';
import { createHashing, type Hashing } from '../receiving/hashing.ts';
import { createRunningDigests } from '../receiving/running-digests.ts';
import { appendUpload } from './append-upload.ts';
import { commitUpload } from './commit-upload.ts';
import { createDirectorySync, type DirectorySync } from './directory-sync.ts';
import { closeFile, openFile, removeFile, writeFully } from './file-calls.ts';
import { listObjects } from './list-objects.ts';
import { leaveMark, readMark } from './mark.ts';
import { ALGORITHMS, newUploadKey, uploadPath } from './object-paths.ts';
import { openObject } from './open-object.ts';
import { createReadBuffers } from './read-buffers.ts';
import { storageFailure } from './storage-failure.ts';
import type { StoreContext } from './store-context.ts';
import { checkObject, removeObject, verifyObject } from './stored-object.ts';
import { takeOverUpload } from './take-over-upload.ts';

/**
 * Bytes of large uploads on their way to the disk, over all uploads; and what is kept for the next ones: more than that, since shared
 * memory that is dropped stays until the garbage collector comes.
 */
const IN_FLIGHT_BYTES = 4 * 1024 * 1024;
const SPARE_BYTES = 8 * 1024 * 1024;
/** Digests of open uploads kept between requests; each is some hundred bytes. */
const KEPT_DIGESTS = 4096;

export interface FilesystemBlobsOptions {
  /** Made when it is not there; its parents, too. */
  readonly directory: string;
  /** For tests: the thread that hashes. */
  readonly hashing?: Hashing;
}

/** Rejects with BlobStoreUnavailable when the directory cannot be made. */
export async function openFilesystemBlobs(options: FilesystemBlobsOptions): Promise<BlobStore> {
  const directory = resolve(options.directory);
  const hashing = options.hashing ?? createHashing();
  const directories = createDirectorySync();
  await makeTree(directory, directories).catch((error: unknown) => {
    throw storageFailure(error);
  });
  const store: StoreContext = {
    directory,
    hashing,
    directories,
    blocks: createBlocks({ inFlight: IN_FLIGHT_BYTES / BLOCK_SIZE, spare: SPARE_BYTES / BLOCK_SIZE }, (block) =>
      hashing.drop(block),
    ),
    readBuffers: createReadBuffers(),
    digests: createRunningDigests(KEPT_DIGESTS),
  };

  const running = new Set<Promise<unknown>>();
  let closed = false;

  /** Runs one operation, counted, with its failures in the port's words. */
  async function run<T>(operation: () => Promise<T>): Promise<T> {
    if (closed) throw new BlobStoreUnavailable('The blob store is closed.');
    const result = operation();
    running.add(result);
    try {
      return await result;
    } catch (error) {
      throw storageFailure(error);
    } finally {
      running.delete(result);
    }
  }

  function counted(blob: OpenBlob): OpenBlob {
    return { ...blob, send: (to) => run(() => blob.send(to)).finally(blob.close) };
  }

  return {
    startUpload: () => newUploadKey(Date.now()),
    append: (upload, offset, source, { algorithm, limit }) =>
      run(() => appendUpload(store, { upload, offset, algorithm, limit }, source)),
    commit: (upload, expected) => run(() => commitUpload(store, upload, expected)),
    takeOver: (upload, offset) => run(() => takeOverUpload(store, upload, offset, newUploadKey(Date.now()))),
    abort: ({ key }) => run(() => removeObject(store, key)),
    check: (blob) => run(() => checkObject(store, blob)),
    verify: (blob) => run(() => verifyObject(store, blob)),
    open: (blob, range) => run(async () => counted(await openObject(store, blob, range))),
    // A file has no URL of its own: it is sent through this server.
    presign: async () => undefined,
    remove: (name) => run(() => removeObject(store, name)),
    listObjects: () => listObjects(directory, Date.now),
    readMark: () => run(() => readMark(directory)),
    leaveMark: (mark) => run(() => leaveMark(store, mark)),
    ping: () => run(() => probe(directory)),
    async close() {
      closed = true;
      await Promise.allSettled(running);
      await hashing.close();
    },
  };
}

async function makeTree(directory: string, directories: DirectorySync): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 });
  // The names of all directories just made, from the lowest up to the one that was there.
  if (first)
    for (let made = directory; made.length >= first.length; made = dirname(made)) await directories.sync(dirname(made));
  for (const name of ['uploads', ...ALGORITHMS]) await directories.ensure(join(directory, name));
}

/** Writes a file and removes it. Its name is an upload's, so that a crash in between leaves nothing that the sweep does not know. */
async function probe(directory: string): Promise<void> {
  const path = uploadPath(directory, newUploadKey(Date.now()));
  try {
    const fd = await openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    await writeFully(fd, Buffer.from('ping'), 0).finally(() => closeFile(fd));
  } finally {
    await removeFile(path);
  }
}
