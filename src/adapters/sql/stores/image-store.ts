/** Images: a manifest with what it refers to. The statements are in image-queries.ts, image-listings.ts and image-changes.ts. */
import type { ImageStore } from '../../../ports/metadata.ts';
import type { ImageRecord, ImageSummary } from '../../../ports/records.ts';
import { all, changed, first, lockRows, run } from '../statement.ts';
import * as changes from './image-changes.ts';
import * as listings from './image-listings.ts';
import type { ImageRow, SummaryRow } from './image-queries.ts';
import * as queries from './image-queries.ts';

export const imageStore: ImageStore = {
  *findByDigest(repositoryId, digest) {
    const row = yield* first(queries.findByDigest, { repositoryId, digest });
    return row && toImage(row);
  },
  *findByTag(repositoryId, tag) {
    const row = yield* first(queries.findByTag, { repositoryId, tag });
    return row && toImage(row);
  },
  *findByReference({ accountId, region }, name, reference) {
    const row =
      'tag' in reference
        ? yield* first(queries.findByNameAndTag, { accountId, region, name, tag: reference.tag })
        : yield* first(queries.findByNameAndDigest, { accountId, region, name, digest: reference.digest });
    return row && toImage(row);
  },
  *existing(repositoryId, digests) {
    const rows = yield* all(queries.existing, { repositoryId, digests });
    return new Set(rows.map((row) => row.digest));
  },
  *summary(imageId) {
    const row = yield* first(queries.summary, { imageId });
    return row && toSummary(row);
  },
  *list(repositoryId, { after = 0, limit, tagStatus = 'ANY' }) {
    const rows =
      tagStatus === 'ANY'
        ? yield* all(listings.list, { repositoryId, after, limit })
        : yield* all(listings.listTagged, { repositoryId, after, limit, tagged: tagStatus === 'TAGGED' ? 1 : 0 });
    return rows.map(toSummary);
  },
  *listIds(repositoryId, { after = { imageId: 0, sequence: 0 }, limit, tagStatus = 'ANY' }) {
    const page = { repositoryId, afterImage: after.imageId, afterSequence: after.sequence, limit };
    const rows =
      tagStatus === 'ANY'
        ? yield* all(listings.listIds, page)
        : yield* all(listings.listTaggedIds, { ...page, tagged: tagStatus === 'TAGGED' ? 1 : 0 });
    return rows.map((row) => ({
      imageId: row.id,
      digest: row.digest,
      tag: row.tag ?? undefined,
      sequence: row.sequence ?? 0,
    }));
  },
  *listReferrers(repositoryId, subjectDigest, { after = 0, limit, artifactTypes }) {
    const page = { repositoryId, subjectDigest, after, limit };
    const rows =
      artifactTypes === undefined
        ? yield* all(listings.listReferrers, page)
        : yield* all(listings.listReferrersOfTypes, { ...page, artifactTypes });
    return rows.map(toImage);
  },
  *parents(repositoryId, digest) {
    return (yield* all(queries.parents, { repositoryId, digest })).map((row) => row.digest);
  },
  *largest(repositoryId, digests) {
    return (yield* first(queries.largest, { repositoryId, digests }))?.largest ?? 0;
  },
  *count(repositoryId) {
    return (yield* first(queries.count, { repositoryId }))?.count ?? 0;
  },
  *add({ layerDigests, childDigests, ...image }) {
    const row = yield* first(changes.add, {
      ...image,
      artifactMediaType: image.artifactMediaType ?? null,
      artifactType: image.artifactType ?? null,
      subjectDigest: image.subjectDigest ?? null,
      lastPulledAt: image.lastPulledAt ?? null,
      manifestSize: image.manifest.byteLength,
    });
    const { repositoryId } = image;
    const imageId = row!.id;
    yield* run(changes.addManifest, { imageId, bytes: image.manifest });
    if (layerDigests.length > 0) {
      const added = yield* run(changes.addLayers, { imageId, repositoryId, layerDigests });
      if (added !== layerDigests.length)
        throw new Error('An image cannot refer to a layer that is not in its repository.');
      yield* run(changes.setReferenced, { repositoryId, layerDigests });
    }
    if (childDigests.length > 0) yield* run(changes.addChildren, { imageId, repositoryId, childDigests });
    return { ...image, id: imageId };
  },
  *delete(imageId, at) {
    yield* run(changes.renewLayers, { imageId, at });
    const row = yield* first(changes.remove, { imageId });
    if (row !== undefined) yield* changed(row.repository_id);
  },
  *setLastPulled(pulls) {
    yield* lockRows(changes.lockImages, { ids: [...pulls.keys()] }, 'exclusive');
    yield* run(changes.setLastPulled, { pulls: JSON.stringify([...pulls]) });
  },
  *listAll({ after = 0, limit }) {
    const rows = yield* all(listings.listAll, { after, limit });
    return rows.map((row) => ({
      ...toImage(row),
      accountId: row.account_id,
      region: row.region,
      repositoryName: row.repository_name,
      layerDigests: JSON.parse(row.layer_digests),
    }));
  },
};

const toImage = (row: ImageRow): ImageRecord => ({ ...toWithoutManifest(row), manifest: row.bytes });

const toSummary = (row: SummaryRow): ImageSummary => ({
  ...toWithoutManifest(row),
  manifestSize: row.manifest_size,
  tags: JSON.parse(row.tags),
});

const toWithoutManifest = (row: queries.ImageColumns): Omit<ImageRecord, 'manifest'> => ({
  id: row.id,
  repositoryId: row.repository_id,
  digest: row.digest,
  mediaType: row.media_type,
  artifactMediaType: row.artifact_media_type ?? undefined,
  artifactType: row.artifact_type ?? undefined,
  imageSize: row.image_size,
  subjectDigest: row.subject_digest ?? undefined,
  pushedAt: row.pushed_at,
  lastPulledAt: row.last_pulled_at ?? undefined,
});
