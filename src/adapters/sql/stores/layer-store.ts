/**
 * Layers: which repository shows which blob.
 *
 * `layers.referenced` and `blobs.shown` follow from other tables and only serve as index for the background work. They are
 * written when they turn, not with every push, so that a much used base layer is no hot row. Where something hangs on the
 * answer (`StoredLayer.referenced`, `deleteIfUnreferenced`) the edges themselves are asked. Two that take away the last two
 * layers of a blob at once would each see the other's; so the blob is locked before it is hidden.
 */
import type { LayerStore } from '../../../ports/metadata.ts';
import type { LayerRecord, StoredLayer } from '../../../ports/records.ts';
import type { Work } from '../../../ports/work.ts';
import { all, changed, first, lockRows, run } from '../statement.ts';
import { lockBlobs, toBlob } from './blob-record-store.ts';
import * as query from './layer-queries.ts';

export const layerStore: LayerStore = {
  *find(repositoryId, digest, lock = 'exclusive') {
    const row = yield* first(query.find, { repositoryId, digest }, lock === 'none' ? undefined : lock);
    return row && toStoredLayer(row);
  },
  *findMany(repositoryId, digests) {
    return (yield* all(query.findMany, { repositoryId, digests })).map(toStoredLayer);
  },
  *findInRegistry({ accountId, region }, digest) {
    const row = yield* first(query.findInRegistry, { accountId, region, digest });
    return row && toStoredLayer(row);
  },
  *put(layer) {
    const { repositoryId, digest, blobId } = layer;
    const previous = yield* first(query.findRecord, { repositoryId, digest });
    if (previous === undefined) {
      yield* run(query.add, layer);
      yield* run(query.showBlob, { blobId });
      return;
    }
    yield* run(query.update, layer);
    if (previous.blob_id === blobId) return;
    yield* run(query.showBlob, { blobId });
    yield* hideBlob(previous.blob_id);
    yield* changed(repositoryId);
  },
  *renew(repositoryId, digest, at) {
    yield* run(query.renew, { repositoryId, digest, at });
  },
  *delete(repositoryId, digest) {
    const previous = yield* first(query.findRecord, { repositoryId, digest });
    if (previous === undefined) return;
    yield* run(query.remove, { repositoryId, digest });
    yield* hideBlob(previous.blob_id);
    yield* changed(repositoryId);
  },
  *listExpired({ renewedBefore, limit }) {
    return (yield* all(query.listExpired, { renewedBefore, limit })).map(toLayer);
  },
};

function* hideBlob(blobId: number): Work<void> {
  yield* lockRows(lockBlobs, { ids: [blobId] }, 'part');
  yield* run(query.hideBlob, { blobId });
}

const toLayer = (row: query.LayerRow): LayerRecord => ({
  repositoryId: row.repository_id,
  digest: row.digest,
  blobId: row.blob_id,
  renewedAt: row.renewed_at,
});

const toStoredLayer = (row: query.StoredLayerRow): StoredLayer => ({
  ...toLayer(row),
  referenced: row.image_refers === 1,
  blob: toBlob({
    id: row.blob_id,
    digest: row.digest,
    size: row.size,
    location: row.location,
    fingerprint: row.fingerprint,
    damaged: row.damaged,
    created_at: row.created_at,
    verified_at: row.verified_at,
  }),
});
