/** The rows of stored objects. The objects themselves are the blob store's. */
import type { Selectable } from 'kysely';
import type { BlobRecordStore } from '../../../ports/metadata.ts';
import type { BlobRecord } from '../../../ports/records.ts';
import type { BlobsTable } from '../schema.ts';
import { all, changed, first, lockRows, run, statement } from '../statement.ts';

export const blobRecordStore: BlobRecordStore = {
  *findByDigest(digest) {
    const row = yield* first(findByDigest, { digest }, 'exclusive');
    return row && toBlob(row);
  },
  *add(blob) {
    const row = yield* first(add, { ...blob, damaged: blob.damaged ? 1 : 0 });
    return toBlob(row!);
  },
  *relocate(id, to) {
    yield* run(relocate, { id, ...to });
    yield* changed('everything');
  },
  *setVerified(id, result) {
    if (result === 'damaged') yield* run(setDamaged, { id });
    else yield* run(setGood, { id, ...result });
    yield* changed('everything');
  },
  *listUnreferenced({ after = 0, limit, createdBefore }) {
    return (yield* all(listNotShown, { after, limit, createdBefore })).map(toBlob);
  },
  *deleteIfUnreferenced(id) {
    yield* lockRows(lockBlobs, { ids: [id] }, 'part');
    const deleted = (yield* run(deleteIfNotShown, { id })) === 1;
    if (deleted) yield* changed('everything');
    return deleted;
  },
  *list({ after = 0, limit }) {
    return (yield* all(list, { after, limit })).map(toBlob);
  },
  *lastId() {
    return (yield* first(findLast, {}))?.id ?? 0;
  },
  *countDamaged() {
    return (yield* first(countDamaged, {}))?.count ?? 0;
  },
  *knownObjects(keys) {
    const rows = yield* all(knownObjects, { keys });
    return new Set(rows.map((row) => row.object));
  },
};

export const toBlob = (row: Omit<Selectable<BlobsTable>, 'shown'>): BlobRecord => ({
  id: row.id,
  digest: row.digest,
  size: row.size,
  location: row.location,
  fingerprint: row.fingerprint,
  damaged: row.damaged === 1,
  createdAt: row.created_at,
  verifiedAt: row.verified_at,
});

const findByDigest = statement(
  'blobs.findByDigest',
  (db, arg: { digest: string }) => db.selectFrom('blobs').selectAll().where('digest', '=', arg.digest),
  { locks: 'blobs' },
);

/** Before it is asked whether anybody shows these blobs: with the lock `part`, who shows one more is seen, or waits. */
export const lockBlobs = statement(
  'blobs.lock',
  (db, arg: { ids: readonly number[] }, dialect) =>
    db.selectFrom('blobs').select('id').where('id', 'in', dialect.ids(arg.ids)).orderBy('id'),
  { locks: 'blobs' },
);

const add = statement('blobs.add', (db, arg: Omit<BlobRecord, 'id' | 'damaged'> & { damaged: 0 | 1 }) =>
  db
    .insertInto('blobs')
    .values({
      digest: arg.digest,
      size: arg.size,
      location: arg.location,
      fingerprint: arg.fingerprint,
      damaged: arg.damaged,
      shown: 0,
      created_at: arg.createdAt,
      verified_at: arg.verifiedAt,
    })
    .returningAll(),
);

const relocate = statement(
  'blobs.relocate',
  (db, arg: { id: number; location: string; fingerprint: string; verifiedAt: number }) =>
    db
      .updateTable('blobs')
      .set({ location: arg.location, fingerprint: arg.fingerprint, verified_at: arg.verifiedAt, damaged: 0 })
      .where('id', '=', arg.id),
);

const setDamaged = statement('blobs.setDamaged', (db, arg: { id: number }) =>
  db.updateTable('blobs').set({ damaged: 1 }).where('id', '=', arg.id),
);

const setGood = statement('blobs.setGood', (db, arg: { id: number; fingerprint: string; verifiedAt: number }) =>
  db
    .updateTable('blobs')
    .set({ damaged: 0, fingerprint: arg.fingerprint, verified_at: arg.verifiedAt })
    .where('id', '=', arg.id),
);

const listNotShown = statement(
  'blobs.listUnreferenced',
  (db, arg: { after: number; limit: number; createdBefore: number }) =>
    db
      .selectFrom('blobs')
      .selectAll()
      // A literal, not a parameter: else SQLite does not see that the partial index serves.
      .where('shown', '=', (eb) => eb.lit(0))
      .where('id', '>', arg.after)
      .where('created_at', '<', arg.createdBefore)
      .orderBy('id')
      .limit(arg.limit),
);

const deleteIfNotShown = statement('blobs.deleteIfUnreferenced', (db, arg: { id: number }) =>
  db
    .deleteFrom('blobs')
    .where('id', '=', arg.id)
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('layers').select('layers.id').whereRef('layers.blob_id', '=', 'blobs.id'))),
    ),
);

const list = statement('blobs.list', (db, arg: { after: number; limit: number }) =>
  db.selectFrom('blobs').selectAll().where('id', '>', arg.after).orderBy('id').limit(arg.limit),
);

const findLast = statement('blobs.lastId', (db) => db.selectFrom('blobs').select('id').orderBy('id', 'desc').limit(1));

const countDamaged = statement('blobs.countDamaged', (db) =>
  db
    .selectFrom('blobs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    // A literal, not a parameter: else SQLite does not see that the partial index serves.
    .where('damaged', '=', (eb) => eb.lit(1)),
);

const knownObjects = statement('blobs.knownObjects', (db, arg: { keys: readonly string[] }, dialect) =>
  db
    .selectFrom('blobs')
    .select('location as object')
    .where('location', 'in', dialect.elements(arg.keys))
    .unionAll(
      db.selectFrom('uploads').select('object_key as object').where('object_key', 'in', dialect.elements(arg.keys)),
    ),
);
