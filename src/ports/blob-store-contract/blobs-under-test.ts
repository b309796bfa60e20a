/** The store that a suite of the contract works on, and what all suites do with it. */
import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import type { AppendResult, BlobStore, DigestAlgorithm, ListedObject, StoredBlob } from '../blob-store.ts';
import { digestOf, LIMIT, streamOf } from './test-bytes.ts';

/** A place of blobs under test. */
export interface BlobStoreHarness {
  /** Opens a store on the place; called again after `close` it stands for a restart, with nothing kept in memory. */
  open(): Promise<BlobStore>;
  /** Changes the bytes of a stored object or an upload behind the store's back; undefined removes it. */
  tamper(name: string, change: (bytes: Buffer) => Buffer | undefined): Promise<void>;
  /** Whether the same bytes written again look the same from outside (an ETag). */
  readonly looksByBytes?: boolean;
  /** Removes the place. */
  dispose(): Promise<void>;
}

/** An upload as the row of one keeps it. */
export interface Upload {
  readonly key: string;
  state: string;
}

export interface BlobsUnderTest {
  /** Before the first test, and after the last. */
  start(create: () => Promise<BlobStoreHarness>): Promise<void>;
  end(): Promise<void>;
  readonly harness: BlobStoreHarness;
  blobs: BlobStore;
  restart(): Promise<void>;
  begin(): Upload;
  /** Appends, and records in the upload at once what the store answers of its state. */
  append(
    upload: Upload,
    offset: number,
    bytes: Buffer | Readable,
    algorithm?: DigestAlgorithm,
  ): Promise<Omit<AppendResult, 'state'>>;
  store(bytes: Buffer, algorithm?: DigestAlgorithm): Promise<StoredBlob>;
  listed(): Promise<ListedObject[]>;
  names(): Promise<string[]>;
  /** What the store still has of an upload. */
  leftOf(upload: Upload): Promise<ListedObject[]>;
  /** Asserts that the blob is gone, or listed as the upload's: then it is swept once no row has the upload open. */
  assertLeftover(upload: Upload, blob: StoredBlob): Promise<void>;
}

/** The suites are written down before there is a store: it is there once `start` has resolved. */
export function blobsUnderTest(): BlobsUnderTest {
  let harness: BlobStoreHarness | undefined;
  let blobs: BlobStore | undefined;
  const at: BlobsUnderTest = {
    async start(create) {
      harness = await create();
      blobs = await harness.open();
    },
    async end() {
      await blobs?.close();
      await harness?.dispose();
    },
    get harness() {
      return harness ?? assert.fail('not started');
    },
    get blobs() {
      return blobs ?? assert.fail('not started');
    },
    set blobs(opened) {
      blobs = opened;
    },
    async restart() {
      await at.blobs.close();
      at.blobs = await at.harness.open();
    },
    begin: () => ({ key: at.blobs.startUpload(), state: '' }),
    async append(upload, offset, bytes, algorithm = 'sha256') {
      const source = Buffer.isBuffer(bytes) ? streamOf(bytes) : bytes;
      const { state, ...answer } = await at.blobs.append(upload, offset, source, { algorithm, limit: LIMIT });
      upload.state = state;
      return answer;
    },
    async store(bytes, algorithm = 'sha256') {
      const upload = at.begin();
      await at.append(upload, 0, bytes, algorithm);
      return at.blobs.commit(upload, { digest: digestOf(bytes, algorithm), size: bytes.length });
    },
    async listed() {
      const all: ListedObject[] = [];
      for await (const slice of at.blobs.listObjects()) all.push(...slice);
      return all;
    },
    names: async () => (await at.listed()).map((object) => object.name),
    leftOf: async ({ key }) => (await at.listed()).filter(({ upload }) => upload === key),
    async assertLeftover(upload, blob) {
      if ((await at.blobs.check(blob)) === 'absent') return;
      assert((await at.leftOf(upload)).some(({ name }) => name === blob.location));
    },
  };
  return at;
}
