/** What garbage collection deletes, many rows in a few statements. */
import type { GarbageStore } from '../../../ports/garbage-store.ts';
import { all, changed, first, lockRows, run } from '../statement.ts';
import { lockBlobs, toBlob } from './blob-record-store.ts';
import * as query from './garbage-queries.ts';

export const garbageStore: GarbageStore = {
  *deleteLayers(layers, renewedBefore) {
    const blobIds = [...new Set(layers.map(({ blobId }) => blobId))];
    // Before any layer goes: of two who take the last two layers of a blob, the second must see what the first did.
    yield* lockRows(lockBlobs, { ids: blobIds }, 'part');
    const byRepository = Map.groupBy(layers, ({ repositoryId }) => repositoryId);
    let deleted = 0;
    for (const [repositoryId, its] of byRepository) {
      const args = { repositoryId, digests: its.map(({ digest }) => digest), renewedBefore };
      const gone = yield* all(query.deleteLayers, args);
      if (gone.length > 0) yield* changed(repositoryId);
      deleted += gone.length;
    }
    if (deleted > 0) yield* run(query.hideBlobs, { ids: blobIds });
    return deleted;
  },
  *deleteBlobs(ids) {
    yield* lockRows(lockBlobs, { ids }, 'part');
    return (yield* all(query.deleteBlobs, { ids })).map(toBlob);
  },
  *count({ renewedBefore, createdBefore, limit }) {
    return {
      images: (yield* first(query.countImages, { limit }))?.count ?? 0,
      layers: (yield* first(query.countLayers, { limit, renewedBefore }))?.count ?? 0,
      blobs: (yield* first(query.countBlobs, { limit, createdBefore }))?.count ?? 0,
    };
  },
  *listExpiredLayers({ renewedBefore, after = { renewedAt: -1, id: 0 }, limit }) {
    const rows = yield* all(query.listExpiredLayers, { renewedBefore, ...after, limit });
    return rows.map((row) => ({
      id: row.id,
      repositoryId: row.repository_id,
      digest: row.digest,
      blobId: row.blob_id,
      renewedAt: row.renewed_at,
      registry: { accountId: row.account_id, region: row.region },
      repositoryName: row.name,
      size: row.size,
      blobStays: row.blob_stays === 1,
    }));
  },
  *listDeletedRepositories({ after = 0, limit }) {
    const found = [];
    for (const row of yield* all(query.listDeletedRepositories, { after, limit })) {
      const layers = yield* first(query.sumLayersOf, { repositoryId: row.id });
      found.push({
        id: row.id,
        registry: { accountId: row.account_id, region: row.region },
        repositoryName: row.name,
        images: (yield* first(query.countImagesOf, { repositoryId: row.id }))?.count ?? 0,
        layers: layers?.count ?? 0,
        bytes: Number(layers?.bytes ?? 0),
      });
    }
    return found;
  },
};
