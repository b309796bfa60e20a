/** The statements of layer-store.ts. */
import type { Kysely } from 'kysely';
import type { LayerRecord, RegistryId } from '../../../ports/records.ts';
import type { Flag, Tables } from '../schema.ts';
import { statement } from '../statement.ts';

export interface LayerRow {
  readonly repository_id: number;
  readonly digest: string;
  readonly blob_id: number;
  readonly renewed_at: number;
}

export interface StoredLayerRow extends LayerRow {
  readonly size: number;
  readonly location: string;
  readonly fingerprint: string;
  readonly damaged: Flag;
  readonly created_at: number;
  readonly verified_at: number;
  readonly image_refers: number;
}

type OneLayer = { repositoryId: number; digest: string };

/** Layers with their blobs, and whether an image refers to them. */
const storedLayers = (db: Kysely<Tables>) =>
  db
    .selectFrom('layers')
    .innerJoin('blobs', 'blobs.id', 'layers.blob_id')
    .select([
      'layers.repository_id',
      'layers.digest',
      'layers.blob_id',
      'layers.renewed_at',
      'blobs.size',
      'blobs.location',
      'blobs.fingerprint',
      'blobs.damaged',
      'blobs.created_at',
      'blobs.verified_at',
    ])
    .select((eb) =>
      eb
        .case()
        .when(
          eb.exists(
            eb.selectFrom('image_layers').select('image_id').whereRef('image_layers.layer_id', '=', 'layers.id'),
          ),
        )
        .then(eb.lit(1))
        .else(eb.lit(0))
        .end()
        .as('image_refers'),
    );

export const find = statement(
  'layers.find',
  (db, arg: OneLayer) =>
    storedLayers(db).where('layers.repository_id', '=', arg.repositoryId).where('layers.digest', '=', arg.digest),
  { locks: 'layers' },
);

export const findMany = statement(
  'layers.findMany',
  (db, arg: { repositoryId: number; digests: readonly string[] }, dialect) =>
    storedLayers(db)
      .where('layers.repository_id', '=', arg.repositoryId)
      .where('layers.digest', 'in', dialect.elements(arg.digests)),
);

export const findInRegistry = statement('layers.findInRegistry', (db, arg: RegistryId & { digest: string }) =>
  storedLayers(db)
    .where('blobs.digest', '=', arg.digest)
    // Written as a condition, so that the search goes from the blob to whoever shows it: a registry has more repositories.
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('live_repositories')
          .select('live_repositories.id')
          .whereRef('live_repositories.id', '=', 'layers.repository_id')
          .where('live_repositories.account_id', '=', arg.accountId)
          .where('live_repositories.region', '=', arg.region),
      ),
    )
    .limit(1),
);

export const findRecord = statement('layers.findRecord', (db, arg: OneLayer) =>
  db
    .selectFrom('layers')
    .select(['id', 'blob_id'])
    .where('repository_id', '=', arg.repositoryId)
    .where('digest', '=', arg.digest),
);

export const add = statement('layers.add', (db, arg: LayerRecord) =>
  db.insertInto('layers').values({
    repository_id: arg.repositoryId,
    digest: arg.digest,
    blob_id: arg.blobId,
    referenced: 0,
    renewed_at: arg.renewedAt,
  }),
);

export const update = statement('layers.update', (db, arg: LayerRecord) =>
  db
    .updateTable('layers')
    .set({ blob_id: arg.blobId, renewed_at: arg.renewedAt })
    .where('repository_id', '=', arg.repositoryId)
    .where('digest', '=', arg.digest),
);

export const renew = statement('layers.renew', (db, arg: OneLayer & { at: number }) =>
  db
    .updateTable('layers')
    .set({ renewed_at: arg.at })
    .where('repository_id', '=', arg.repositoryId)
    .where('digest', '=', arg.digest),
);

export const remove = statement('layers.delete', (db, arg: OneLayer) =>
  db.deleteFrom('layers').where('repository_id', '=', arg.repositoryId).where('digest', '=', arg.digest),
);

export const showBlob = statement('layers.showBlob', (db, arg: { blobId: number }) =>
  db.updateTable('blobs').set({ shown: 1 }).where('id', '=', arg.blobId).where('shown', '=', 0),
);

/** No repository shows the blob any more, if so it is. */
export const hideBlob = statement('layers.hideBlob', (db, arg: { blobId: number }) =>
  db
    .updateTable('blobs')
    .set({ shown: 0 })
    .where('id', '=', arg.blobId)
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('layers').select('layers.id').whereRef('layers.blob_id', '=', 'blobs.id'))),
    ),
);

export const listExpired = statement('layers.listExpired', (db, arg: { renewedBefore: number; limit: number }) =>
  db
    .selectFrom('layers')
    .select(['repository_id', 'digest', 'blob_id', 'renewed_at'])
    // A literal, not a parameter: else SQLite does not see that the partial index serves.
    .where('referenced', '=', (eb) => eb.lit(0))
    .where('renewed_at', '<', arg.renewedBefore)
    .orderBy('renewed_at')
    .orderBy('id')
    .limit(arg.limit),
);
