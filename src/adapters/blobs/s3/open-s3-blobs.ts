/** The blob store in a bucket: joins the operations of this folder and keeps count of what runs, so that closing waits for it. */
import { LRUCache } from 'lru-cache';
import type { KeepsFigures } from '../../../lib/figure.ts';
import { type BlobStore, BlobStoreUnavailable, type OpenBlob } from '../../../ports/blob-store.ts';
import { BLOCK_SIZE, createBlocks } from '../receiving/blocks.ts';
import { createHashing } from '../receiving/hashing.ts';
import { createRunningDigests } from '../receiving/running-digests.ts';
import { appendUpload } from './append-upload.ts';
import { commitUpload } from './commit-upload.ts';
import { listObjects } from './list-objects.ts';
import { createClient, loadSdk } from './load-sdk.ts';
import { createLooks } from './look-once.ts';
import { leaveMark, readMark } from './mark.ts';
import { newUploadKey } from './object-names.ts';
import { openObject } from './open-object.ts';
import { createPartBudget } from './part-writer.ts';
import { createPresign } from './presign.ts';
import { createPing, probeStore } from './probe-store.ts';
import { abortUpload, removeNamed } from './remove-objects.ts';
import { createCalls } from './retry-calls.ts';
import { S3Refusal } from './s3-failure.ts';
import { createS3Store } from './s3-store.ts';
import type { StoreContext } from './store-context.ts';
import { checkObject, verifyObject } from './stored-object.ts';
import { takeOverUpload } from './take-over-upload.ts';

export interface S3Options {
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
  /** Without it: AWS. */
  readonly endpoint?: string;
  readonly region: string;
  /** The bucket in the path instead of the host name. */
  readonly pathStyle: boolean;
  /** Without them: what the AWS SDK finds. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Further certificates that may sign the store's, in PEM. */
  readonly ca?: string;
  /** How long the store may be silent within a request, and how long a failed one is tried again. */
  readonly requestTimeoutMs: number;
}

/** Parts on their way to the store, over all uploads; and memory that is kept for the next ones. */
const IN_FLIGHT_BYTES = 128 * 1024 * 1024;
const SPARE_BYTES = 16 * 1024 * 1024;
/** Digests of open uploads kept between requests; each is some hundred bytes. */
const KEPT_DIGESTS = 4096;
/** Uploads that were just committed: more than can wait for their rows at once. */
const KEPT_COMMITS = 16_384;

/** Rejects with BlobStoreUnavailable, whose message says what to do, when the bucket cannot be written to. */
export async function openS3Blobs(options: S3Options): Promise<BlobStore & KeepsFigures> {
  const sdk = await loadSdk();
  const client = createClient(sdk, options);
  const closing = new AbortController();
  let retries = 0;
  const calls = createCalls({
    timeMs: options.requestTimeoutMs,
    closing: closing.signal,
    onRetry: () => {
      retries += 1;
    },
  });
  const s3 = createS3Store({ sdk, client, calls, ...options });
  const hashing = createHashing();
  const running = new Set<Promise<unknown>>();
  let closed = false;

  const store: StoreContext = {
    s3,
    hashing,
    blocks: createBlocks({ inFlight: Number.POSITIVE_INFINITY, spare: SPARE_BYTES / BLOCK_SIZE }, (block) =>
      hashing.drop(block),
    ),
    digests: createRunningDigests(KEPT_DIGESTS),
    committed: new LRUCache<string, string>({ max: KEPT_COMMITS }),
    etags: { tell: true },
    parts: createPartBudget(IN_FLIGHT_BYTES),
    signBodies: options.endpoint?.startsWith('http:') ?? false,
    look: createLooks(s3),
    tidy: (work) => void run(work).catch(() => {}),
  };

  /** Runs one operation, counted, with its failures in the port's words. */
  async function run<T>(operation: () => Promise<T>): Promise<T> {
    if (closed) throw new BlobStoreUnavailable('The blob store is closed.');
    const result = operation();
    running.add(result);
    try {
      return await result;
    } catch (error) {
      if (error instanceof S3Refusal) {
        throw new BlobStoreUnavailable('The S3 store answers what it should not.', { cause: error });
      }
      throw error;
    } finally {
      running.delete(result);
    }
  }

  async function close(): Promise<void> {
    closed = true;
    closing.abort();
    await Promise.allSettled(running);
    client.destroy();
    await hashing.close();
  }

  function counted(blob: OpenBlob): OpenBlob {
    return { ...blob, send: (to) => run(() => blob.send(to)) };
  }

  const ping = createPing(() => probeStore(store));
  try {
    await run(ping);
    const presign = await createPresign(sdk, client, options);
    return {
      startUpload: () => newUploadKey(Date.now()),
      append: (upload, offset, source, { algorithm, limit }) =>
        run(() => appendUpload(store, { upload, offset, algorithm, limit }, source)),
      commit: (upload, expected) => run(() => commitUpload(store, upload, expected)),
      takeOver: (upload, offset) => run(() => takeOverUpload(store, upload, offset, newUploadKey(Date.now()))),
      abort: (upload) => run(() => abortUpload(store, upload)),
      check: (blob) => run(() => checkObject(store, blob)),
      verify: (blob) => run(() => verifyObject(store, blob)),
      open: (blob, range) => run(async () => counted(await openObject(store, blob, range))),
      presign: (blob, how) => run(() => presign(blob.location, how)),
      remove: (name) => run(() => removeNamed(store, name)),
      listObjects: () => listObjects(s3, Date.now),
      readMark: () => run(() => readMark(s3)),
      leaveMark: (mark) => run(() => leaveMark(store, mark)),
      ping: () => run(ping),
      close,
      figures: () => [
        {
          name: 'longshore_blob_store_retries_total',
          type: 'counter',
          help: 'Requests to the S3-compatible store that were made again.',
          value: retries,
        },
      ],
    };
  } catch (error) {
    await close();
    throw error;
  }
}
