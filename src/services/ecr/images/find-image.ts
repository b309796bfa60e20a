/** Finds an image by tag or digest with its exact bytes: the path of every pull, so answered from memory where it can. */
import type { ImageRecord } from '../../../ports/records.ts';
import { afterRefresh } from '../after-refresh.ts';
import type { EcrService } from '../ecr-service.ts';
import { findRepository } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import type { FoundImage } from './found-image.ts';

export type ImageReference = { readonly tag: string } | { readonly digest: string };

/** Answers at once, not with a promise, what is cached; undefined when there is no such image. Throws RepositoryNotFound. */
export function findImage(
  ecr: EcrService,
  ref: RepositoryRef,
  reference: ImageReference,
): FoundImage | Promise<FoundImage | undefined> | undefined {
  return afterRefresh(ecr.metadata, () => {
    const key = imageKey(ref, reference);
    return ecr.imageCache.get(key) ?? loadImage(ecr, ref, reference, key);
  });
}

function imageKey(ref: RepositoryRef, reference: ImageReference): string {
  const name = 'tag' in reference ? `:${reference.tag}` : `@${reference.digest}`;
  return `${ref.accountId} ${ref.region} ${ref.name}${name}`;
}

async function loadImage(
  ecr: EcrService,
  ref: RepositoryRef,
  reference: ImageReference,
  key: string,
): Promise<FoundImage | undefined> {
  const version = ecr.imageCache.version;
  const record = await ecr.metadata.read((tx) => tx.images.findByReference(ref, ref.name, reference));
  if (record === undefined) {
    await findRepository(ecr, ref);
    return undefined;
  }
  const image = 'tag' in reference ? sharedByDigest(ecr, ref, record, version) : foundImage(record);
  ecr.imageCache.put(key, record.repositoryId, image, version);
  return image;
}

/** A tag shares the object that its digest has in the cache, so that no manifest is held twice. */
function sharedByDigest(ecr: EcrService, ref: RepositoryRef, record: ImageRecord, version: number): FoundImage {
  const key = imageKey(ref, record);
  const cached = ecr.imageCache.get(key);
  if (cached !== undefined && cached.id === record.id) return cached;
  const image = foundImage(record);
  ecr.imageCache.put(key, record.repositoryId, image, version);
  return image;
}

function foundImage(record: ImageRecord): FoundImage {
  const { id, repositoryId, digest, mediaType, manifest, subjectDigest } = record;
  return {
    id,
    repositoryId,
    digest,
    mediaType,
    manifest: Buffer.from(manifest.buffer, manifest.byteOffset, manifest.byteLength),
    subjectDigest,
  };
}
