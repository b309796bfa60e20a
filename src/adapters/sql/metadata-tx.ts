/** The stores, as services see them inside a unit of work. The same for every database: a store only yields statements. */
import type { MetadataTx } from '../../ports/metadata.ts';
import { accountStore } from './account-store.ts';
import { blobRecordStore } from './blob-record-store.ts';
import { imageStore } from './image-store.ts';
import { layerStore } from './layer-store.ts';
import { repositoryStore } from './repository-store.ts';
import { tagStore } from './tag-store.ts';
import { uploadStore } from './upload-store.ts';

export const metadataTx: MetadataTx = {
  accounts: accountStore,
  repositories: repositoryStore,
  blobs: blobRecordStore,
  layers: layerStore,
  images: imageStore,
  tags: tagStore,
  uploads: uploadStore,
};
