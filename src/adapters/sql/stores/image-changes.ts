/** Statements that add, change and delete images; used by image-store.ts. */
import { statement } from '../statement.ts';

interface NewRow {
  readonly repositoryId: number;
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactMediaType: string | null;
  readonly artifactType: string | null;
  readonly manifestSize: number;
  readonly imageSize: number;
  readonly subjectDigest: string | null;
  readonly pushedAt: number;
  readonly lastPulledAt: number | null;
}

export const add = statement('images.add', (db, arg: NewRow) =>
  db
    .insertInto('images')
    .values({
      repository_id: arg.repositoryId,
      digest: arg.digest,
      media_type: arg.mediaType,
      artifact_media_type: arg.artifactMediaType,
      artifact_type: arg.artifactType,
      manifest_size: arg.manifestSize,
      image_size: arg.imageSize,
      subject_digest: arg.subjectDigest,
      tagged: 0,
      pushed_at: arg.pushedAt,
      last_pulled_at: arg.lastPulledAt,
    })
    .returning('id'),
);

export const addManifest = statement('images.addManifest', (db, arg: { imageId: number; bytes: Uint8Array }) =>
  db.insertInto('manifests').values({ image_id: arg.imageId, bytes: arg.bytes }),
);

type LayersOfImage = { repositoryId: number; layerDigests: readonly string[] };

export const addLayers = statement('images.addLayers', (db, arg: LayersOfImage & { imageId: number }, dialect) =>
  db
    .insertInto('image_layers')
    .columns(['image_id', 'layer_id'])
    .expression(
      db
        .selectFrom('layers')
        .select((eb) => [eb.val(arg.imageId).as('image_id'), 'layers.id as layer_id'])
        .where('layers.repository_id', '=', arg.repositoryId)
        .where('layers.digest', 'in', dialect.elements(arg.layerDigests)),
    ),
);

export const setReferenced = statement('images.setReferenced', (db, arg: LayersOfImage, dialect) =>
  db
    .updateTable('layers')
    .set({ referenced: 1 })
    .where('repository_id', '=', arg.repositoryId)
    .where('digest', 'in', dialect.elements(arg.layerDigests))
    .where('referenced', '=', 0),
);

export const addChildren = statement(
  'images.addChildren',
  (db, arg: { imageId: number; repositoryId: number; childDigests: readonly string[] }, dialect) =>
    db
      .insertInto('image_children')
      .columns(['image_id', 'repository_id', 'child_digest'])
      .expression(
        db
          .selectFrom(dialect.rows(arg.childDigests).as('child'))
          .select((eb) => [
            eb.val(arg.imageId).as('image_id'),
            eb.val(arg.repositoryId).as('repository_id'),
            'child.value as child_digest',
          ]),
      ),
);

/** Before the image goes: the grace period of its layers begins, and those that no other image refers to are marked. */
export const renewLayers = statement('images.renewLayers', (db, arg: { imageId: number; at: number }) =>
  db
    .updateTable('layers')
    .set((eb) => ({
      renewed_at: arg.at,
      referenced: eb
        .case()
        .when(
          eb.exists(
            eb
              .selectFrom('image_layers')
              .select('image_layers.image_id')
              .whereRef('image_layers.layer_id', '=', 'layers.id')
              .where('image_layers.image_id', '!=', arg.imageId),
          ),
        )
        .then(eb.lit(1))
        .else(eb.lit(0))
        .end(),
    }))
    .where('id', 'in', db.selectFrom('image_layers').select('layer_id').where('image_id', '=', arg.imageId)),
);

export const remove = statement('images.delete', (db, arg: { imageId: number }) =>
  db.deleteFrom('images').where('id', '=', arg.imageId).returning('repository_id'),
);

/** In the order of ids, so that nodes that write the times of the same images do not wait for each other in a circle. */
export const lockImages = statement(
  'images.lock',
  (db, arg: { ids: readonly number[] }, dialect) =>
    db.selectFrom('images').select('id').where('id', 'in', dialect.ids(arg.ids)).orderBy('id'),
  { locks: 'images' },
);

/** `pulls` is a list of image and time, as JSON. Another node may have written a later pull. */
export const setLastPulled = statement('images.setLastPulled', (db, arg: { pulls: string }, dialect) =>
  db
    .updateTable('images')
    .from(dialect.pairs(arg.pulls).as('pull'))
    .set((eb) => ({ last_pulled_at: eb.ref('pull.value') }))
    .whereRef('images.id', '=', 'pull.key')
    .where((eb) => eb.or([eb('last_pulled_at', 'is', null), eb('last_pulled_at', '<', eb.ref('pull.value'))])),
);
