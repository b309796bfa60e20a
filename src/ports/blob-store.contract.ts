/**
 * What every blob store must do. An adapter's test calls `blobStoreContract` with a place to open stores on; an adapter that passes it as it is can take
 * the place of any other.
 */
import { after, before, describe } from 'node:test';
import { type BlobStoreHarness, blobsUnderTest } from './blob-store-contract/blobs-under-test.ts';
import { interruptionSuite } from './blob-store-contract/interruptions.ts';
import { listingSuite } from './blob-store-contract/listing.ts';
import { markSuite } from './blob-store-contract/marks.ts';
import { readingSuite } from './blob-store-contract/reading.ts';
import { successionSuite } from './blob-store-contract/succession.ts';
import { uploadSuite } from './blob-store-contract/uploads.ts';

export function blobStoreContract(name: string, create: () => Promise<BlobStoreHarness>): void {
  describe(`the blob store contract: ${name}`, () => {
    const at = blobsUnderTest();
    before(() => at.start(create));
    after(() => at.end());

    markSuite(at);
    uploadSuite(at);
    interruptionSuite(at);
    successionSuite(at);
    listingSuite(at);
    readingSuite(at);
  });
}
