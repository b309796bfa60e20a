/** The statements of garbage-store.ts. */
import type { AliasableExpression, Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely';
import type { Tables } from '../schema.ts';
import { statement } from '../statement.ts';

export const deleteLayers = statement(
  'garbage.deleteLayers',
  (db, arg: { repositoryId: number; digests: readonly string[]; renewedBefore: number }, dialect) =>
    db
      .deleteFrom('layers')
      .where('repository_id', '=', arg.repositoryId)
      .where('digest', 'in', dialect.elements(arg.digests))
      .where('renewed_at', '<', arg.renewedBefore)
      .where((eb) =>
        eb.not(
          eb.exists(
            eb.selectFrom('image_layers').select('image_id').whereRef('image_layers.layer_id', '=', 'layers.id'),
          ),
        ),
      )
      .returning('blob_id'),
);

/** Of these blobs, those that no repository shows any more. */
export const hideBlobs = statement('garbage.hideBlobs', (db, arg: { ids: readonly number[] }, dialect) =>
  db
    .updateTable('blobs')
    .set({ shown: 0 })
    .where('id', 'in', dialect.ids(arg.ids))
    .where((eb) => eb.not(isShown(eb))),
);

export const deleteBlobs = statement('garbage.deleteBlobs', (db, arg: { ids: readonly number[] }, dialect) =>
  db
    .deleteFrom('blobs')
    .where('id', 'in', dialect.ids(arg.ids))
    .where((eb) => eb.not(isShown(eb)))
    .returningAll(),
);

function isShown(eb: ExpressionBuilder<Tables, 'blobs'>) {
  return eb.exists(eb.selectFrom('layers').select('layers.id').whereRef('layers.blob_id', '=', 'blobs.id'));
}

type Count = { limit: number };

export const countImages = statement('garbage.count (images)', (db, arg: Count) =>
  counting(
    db,
    db
      .selectFrom('repositories')
      .innerJoin('images', 'images.repository_id', 'repositories.id')
      // A literal, not a parameter: else SQLite does not see that the partial index serves.
      .where('repositories.deleted', '=', (eb) => eb.lit(1))
      .select('images.id')
      .limit(arg.limit),
  ),
);

export const countLayers = statement('garbage.count (layers)', (db, arg: Count & { renewedBefore: number }) =>
  counting(
    db,
    db
      .selectFrom('layers')
      .where('referenced', '=', (eb) => eb.lit(0))
      .where('renewed_at', '<', arg.renewedBefore)
      .select('id')
      .limit(arg.limit),
  ),
);

export const countBlobs = statement('garbage.count (blobs)', (db, arg: Count & { createdBefore: number }) =>
  counting(
    db,
    db
      .selectFrom('blobs')
      .where('shown', '=', (eb) => eb.lit(0))
      .where('created_at', '<', arg.createdBefore)
      .select('id')
      .limit(arg.limit),
  ),
);

function counting(db: Kysely<Tables>, some: AliasableExpression<{ id: number }>) {
  return db.selectFrom(some.as('some')).select((eb) => eb.fn.countAll<number>().as('count'));
}

type Position = { renewedBefore: number; renewedAt: number; id: number; limit: number };

export const listExpiredLayers = statement('garbage.listExpiredLayers', (db, arg: Position) =>
  db
    .selectFrom('layers')
    .innerJoin('live_repositories', 'live_repositories.id', 'layers.repository_id')
    .innerJoin('blobs', 'blobs.id', 'layers.blob_id')
    .select([
      'layers.id',
      'layers.repository_id',
      'layers.digest',
      'layers.blob_id',
      'layers.renewed_at',
      'live_repositories.account_id',
      'live_repositories.region',
      'live_repositories.name',
      'blobs.size',
    ])
    .select((eb) =>
      flag(
        eb,
        eb.exists(
          eb
            .selectFrom('layers as other')
            .select('other.id')
            .whereRef('other.blob_id', '=', 'layers.blob_id')
            .where((or) =>
              or.or([or('other.referenced', '=', or.lit(1)), or('other.renewed_at', '>=', arg.renewedBefore)]),
            )
            .where((or) =>
              or.exists(
                or
                  .selectFrom('live_repositories as alive')
                  .select('alive.id')
                  .whereRef('alive.id', '=', 'other.repository_id'),
              ),
            ),
        ),
      ).as('blob_stays'),
    )
    .where('layers.referenced', '=', (eb) => eb.lit(0))
    .where('layers.renewed_at', '<', arg.renewedBefore)
    .where((eb) => eb(eb.refTuple('layers.renewed_at', 'layers.id'), '>', eb.tuple(arg.renewedAt, arg.id)))
    .orderBy('layers.renewed_at')
    .orderBy('layers.id')
    .limit(arg.limit),
);

export const listDeletedRepositories = statement(
  'garbage.listDeletedRepositories',
  (db, arg: { after: number; limit: number }) =>
    db
      .selectFrom('repositories')
      .select(['id', 'account_id', 'region', 'name'])
      .where('deleted', '=', (eb) => eb.lit(1))
      .where('id', '>', arg.after)
      .orderBy('id')
      .limit(arg.limit),
);

export const countImagesOf = statement('garbage.countImagesOf', (db, arg: { repositoryId: number }) =>
  db
    .selectFrom('images')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('repository_id', '=', arg.repositoryId),
);

/** With the bytes of blobs that no live repository shows, counted for the first deleted one that does. */
export const sumLayersOf = statement('garbage.sumLayersOf', (db, arg: { repositoryId: number }) =>
  db
    .selectFrom('layers')
    .innerJoin('blobs', 'blobs.id', 'layers.blob_id')
    .select((eb) => [
      eb.fn.countAll<number>().as('count'),
      eb.fn
        .sum<number | null>(
          eb
            .case()
            .when(
              eb.exists(
                eb
                  .selectFrom('layers as other')
                  .select('other.id')
                  .whereRef('other.blob_id', '=', 'layers.blob_id')
                  .where((or) =>
                    or.or([
                      or('other.repository_id', '<', or.ref('layers.repository_id')),
                      or.exists(
                        or
                          .selectFrom('live_repositories as alive')
                          .select('alive.id')
                          .whereRef('alive.id', '=', 'other.repository_id'),
                      ),
                    ]),
                  ),
              ),
            )
            .then(eb.lit(0))
            .else(eb.ref('blobs.size'))
            .end(),
        )
        .as('bytes'),
    ])
    .where('layers.repository_id', '=', arg.repositoryId),
);

function flag<DB, TB extends keyof DB>(eb: ExpressionBuilder<DB, TB>, condition: Expression<SqlBool>) {
  return eb.case().when(condition).then(eb.lit(1)).else(eb.lit(0)).end();
}
