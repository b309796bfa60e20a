/** Records for the contract tests, whole but for what a test is about. */
import type { Metadata, NewImage, NewRepository } from '../metadata.ts';
import type { BlobRecord, ImageRecord, RegistryId, RepositoryRecord, UploadRecord } from '../records.ts';

export const registry: RegistryId = { accountId: '111111111111', region: 'eu-central-1' };

/** A digest that is easily told from others. */
export const digestOf = (name: string | number): string =>
  `sha256:${Buffer.from(String(name)).toString('hex').padEnd(64, '0')}`;

export const sampleRepository = (given: Partial<NewRepository> = {}): NewRepository => ({
  ...registry,
  name: 'team/app',
  createdAt: 1_700_000_000_000,
  tagMutability: 'MUTABLE',
  exclusionFilters: [],
  scanOnPush: false,
  encryptionType: 'AES256',
  resourceTags: [],
  ...given,
});

export const sampleBlob = (name: string, given: Partial<BlobRecord> = {}): Omit<BlobRecord, 'id'> => ({
  digest: digestOf(name),
  size: 1234,
  location: `objects/${name}`,
  fingerprint: `looks of ${name}`,
  damaged: false,
  createdAt: 1000,
  verifiedAt: 1000,
  ...given,
});

export const sampleImage = (repositoryId: number, name: string, given: Partial<NewImage> = {}): NewImage => ({
  repositoryId,
  digest: digestOf(name),
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  artifactMediaType: undefined,
  artifactType: undefined,
  manifest: Buffer.from(`{"name":"${name}"}`),
  imageSize: 10,
  subjectDigest: undefined,
  pushedAt: 2000,
  lastPulledAt: undefined,
  layerDigests: [],
  childDigests: [],
  ...given,
});

export const sampleUpload = (repositoryId: number, id: string, given: Partial<UploadRecord> = {}): UploadRecord => ({
  id,
  repositoryId,
  objectKey: `uploads/${id}`,
  state: '',
  holder: '',
  heldUntil: 0,
  digestAlgorithm: 'sha256',
  offset: 0,
  parts: 0,
  lastPartSize: 0,
  shortPartFollowed: false,
  startedAt: 1000,
  updatedAt: 1000,
  ...given,
});

/** Adds a repository that must not be there yet. */
export async function addRepository(metadata: Metadata, given: Partial<NewRepository> = {}): Promise<RepositoryRecord> {
  const added = await metadata.write((tx) => tx.repositories.add(sampleRepository(given)));
  if (added === undefined) throw new Error('The sample repository is there already.');
  return added;
}

/** Adds a layer, and its blob unless another repository has brought it. */
export function addLayer(
  metadata: Metadata,
  repositoryId: number,
  name: string,
  renewedAt = 1000,
): Promise<BlobRecord> {
  return metadata.write(function* (tx) {
    const digest = digestOf(name);
    const blob = (yield* tx.blobs.findByDigest(digest)) ?? (yield* tx.blobs.add(sampleBlob(name)));
    yield* tx.layers.put({ repositoryId, digest, blobId: blob.id, renewedAt });
    return blob;
  });
}

/** Adds an image with tags. Its layers must be there. */
export function addImage(
  metadata: Metadata,
  repositoryId: number,
  name: string,
  { tags = [], ...given }: Partial<NewImage> & { tags?: readonly string[] } = {},
): Promise<ImageRecord> {
  return metadata.write(function* (tx) {
    const image = yield* tx.images.add(sampleImage(repositoryId, name, given));
    for (const tag of tags) yield* tx.tags.put({ repositoryId, tag, imageId: image.id, updatedAt: 2000 });
    return image;
  });
}
