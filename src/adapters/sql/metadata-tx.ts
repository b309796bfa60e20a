/** The stores, as services see them inside a unit of work. The same for every database: a store only yields statements. */
import type { MetadataTx } from '../../ports/metadata.ts';
import { accountStore } from './stores/account-store.ts';
import { blobRecordStore } from './stores/blob-record-store.ts';
import { garbageStore } from './stores/garbage-store.ts';
import { imageStore } from './stores/image-store.ts';
import { installationStore } from './stores/installation-store.ts';
import { jobStore } from './stores/job-store.ts';
import { layerStore } from './stores/layer-store.ts';
import { repositoryStore } from './stores/repository-store.ts';
import { tagStore } from './stores/tag-store.ts';
import { uploadStore } from './stores/upload-store.ts';

export const metadataTx: MetadataTx = {
  accounts: accountStore,
  repositories: repositoryStore,
  blobs: blobRecordStore,
  layers: layerStore,
  images: imageStore,
  tags: tagStore,
  uploads: uploadStore,
  jobs: jobStore,
  garbage: garbageStore,
  installation: installationStore,
};
