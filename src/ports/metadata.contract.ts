/**
 * What every adapter of the metadata port must do. An adapter's test calls `metadataContract` with a way to open an empty
 * database; the suites say one noun each.
 */
import { describe } from 'node:test';
import { accountSuite } from './metadata-contract/accounts.ts';
import { blobSuite } from './metadata-contract/blobs.ts';
import { changeSuite } from './metadata-contract/changes.ts';
import { garbageSuite } from './metadata-contract/garbage.ts';
import { imageListingSuite } from './metadata-contract/image-listings.ts';
import { imageSuite } from './metadata-contract/images.ts';
import { installationSuite } from './metadata-contract/installation.ts';
import { jobEndSuite } from './metadata-contract/job-ends.ts';
import { jobSuite } from './metadata-contract/jobs.ts';
import { layerSuite } from './metadata-contract/layers.ts';
import { modelSuite } from './metadata-contract/model.ts';
import type { OpenMetadata } from './metadata-contract/on-metadata.ts';
import { repositorySuite } from './metadata-contract/repositories.ts';
import { tagSuite } from './metadata-contract/tags.ts';
import { transactionSuite } from './metadata-contract/transactions.ts';
import { twoProcessSuite } from './metadata-contract/two-processes.ts';
import { uploadSuite } from './metadata-contract/uploads.ts';

/** `alone` leaves out what two processes see of each other, for a database that lives in one of them. */
export function metadataContract(name: string, open: OpenMetadata, { alone = false } = {}): void {
  describe(`metadata contract: ${name}`, () => {
    transactionSuite(open);
    changeSuite(open);
    if (!alone) twoProcessSuite(open);
    accountSuite(open);
    repositorySuite(open);
    blobSuite(open);
    layerSuite(open);
    imageSuite(open);
    imageListingSuite(open);
    tagSuite(open);
    uploadSuite(open);
    jobSuite(open, { alone });
    jobEndSuite(open);
    garbageSuite(open, { alone });
    installationSuite(open);
    modelSuite(open);
  });
}
