/** Open uploads: how many bytes of each are durable and acknowledged. No cache holds them, so no change is told. */
import type { Selectable } from 'kysely';
import type { UploadProgress, UploadStore } from '../../../ports/metadata.ts';
import type { UploadRecord } from '../../../ports/records.ts';
import type { Flag, UploadsTable } from '../schema.ts';
import { all, first, run, statement } from '../statement.ts';

export const uploadStore: UploadStore = {
  *find(id) {
    const row = yield* first(find, { id }, 'exclusive');
    return row && toUpload(row);
  },
  *add(upload) {
    yield* run(add, { ...upload, shortPartFollowed: upload.shortPartFollowed ? 1 : 0 });
  },
  *claim(id, { holder, heldUntil }) {
    yield* run(claim, { id, holder, heldUntil });
  },
  *extendClaim(id, { holder, heldUntil }) {
    return (yield* run(extendClaim, { id, holder, heldUntil })) === 1;
  },
  *release(id, holder) {
    yield* run(release, { id, holder });
  },
  *moveObject(id, holder, { objectKey, state }) {
    return (yield* run(moveObject, { id, holder, objectKey, state })) === 1;
  },
  *advance(id, from, to) {
    const progress = { ...to, shortPartFollowed: to.shortPartFollowed ? (1 as const) : (0 as const) };
    return (yield* run(advance, { ...progress, id, holder: from.holder, expectedOffset: from.offset })) === 1;
  },
  *delete(id, holder) {
    const deleted = yield* holder === undefined ? run(remove, { id }) : run(removeHeld, { id, holder });
    return deleted === 1;
  },
  *listAbandoned({ updatedBefore, now, limit }) {
    return (yield* all(listAbandoned, { updatedBefore, now, limit })).map(toUpload);
  },
  *count() {
    return (yield* first(count, {}))?.count ?? 0;
  },
};

const toUpload = (row: Selectable<UploadsTable>): UploadRecord => ({
  id: row.id,
  repositoryId: row.repository_id,
  objectKey: row.object_key,
  state: row.state,
  holder: row.holder,
  heldUntil: row.held_until,
  digestAlgorithm: row.digest_algorithm as UploadRecord['digestAlgorithm'],
  offset: row.offset,
  parts: row.parts,
  lastPartSize: row.last_part_size,
  shortPartFollowed: row.short_part_followed === 1,
  startedAt: row.started_at,
  updatedAt: row.updated_at,
});

type WithFlag<T> = Omit<T, 'shortPartFollowed'> & { shortPartFollowed: Flag };

const find = statement(
  'uploads.find',
  (db, arg: { id: string }) => db.selectFrom('uploads').selectAll().where('id', '=', arg.id),
  { locks: 'uploads' },
);

const add = statement('uploads.add', (db, arg: WithFlag<UploadRecord>) =>
  db.insertInto('uploads').values({
    id: arg.id,
    repository_id: arg.repositoryId,
    object_key: arg.objectKey,
    state: arg.state,
    holder: arg.holder,
    held_until: arg.heldUntil,
    digest_algorithm: arg.digestAlgorithm,
    offset: arg.offset,
    parts: arg.parts,
    last_part_size: arg.lastPartSize,
    short_part_followed: arg.shortPartFollowed,
    started_at: arg.startedAt,
    updated_at: arg.updatedAt,
  }),
);

type Claim = Pick<UploadRecord, 'id' | 'holder' | 'heldUntil'>;

const claim = statement('uploads.claim', (db, arg: Claim) =>
  db.updateTable('uploads').set({ holder: arg.holder, held_until: arg.heldUntil }).where('id', '=', arg.id),
);

const extendClaim = statement('uploads.extendClaim', (db, arg: Claim) =>
  db
    .updateTable('uploads')
    .set({ held_until: arg.heldUntil })
    .where('id', '=', arg.id)
    .where('holder', '=', arg.holder),
);

const release = statement('uploads.release', (db, arg: { id: string; holder: string }) =>
  db
    .updateTable('uploads')
    .set({ holder: '', held_until: 0 })
    .where('id', '=', arg.id)
    .where('holder', '=', arg.holder),
);

type NewPlace = Pick<UploadRecord, 'id' | 'holder' | 'objectKey' | 'state'>;

const moveObject = statement('uploads.moveObject', (db, arg: NewPlace) =>
  db
    .updateTable('uploads')
    .set({ object_key: arg.objectKey, state: arg.state })
    .where('id', '=', arg.id)
    .where('holder', '=', arg.holder),
);

type Advance = WithFlag<UploadProgress> & { id: string; holder: string; expectedOffset: number };

const advance = statement('uploads.advance', (db, arg: Advance) =>
  db
    .updateTable('uploads')
    .set({
      offset: arg.offset,
      state: arg.state,
      holder: '',
      held_until: 0,
      parts: arg.parts,
      last_part_size: arg.lastPartSize,
      short_part_followed: arg.shortPartFollowed,
      updated_at: arg.updatedAt,
    })
    .where('id', '=', arg.id)
    .where('holder', '=', arg.holder)
    .where('offset', '=', arg.expectedOffset),
);

const remove = statement('uploads.delete', (db, arg: { id: string }) =>
  db.deleteFrom('uploads').where('id', '=', arg.id),
);

const removeHeld = statement('uploads.deleteHeld', (db, arg: { id: string; holder: string }) =>
  db.deleteFrom('uploads').where('id', '=', arg.id).where('holder', '=', arg.holder),
);

type AbandonedPage = { updatedBefore: number; now: number; limit: number };

const listAbandoned = statement('uploads.listAbandoned', (db, arg: AbandonedPage) =>
  db
    .selectFrom('uploads')
    .selectAll()
    .where('updated_at', '<', arg.updatedBefore)
    .where('held_until', '<=', arg.now)
    .orderBy('updated_at')
    .orderBy('id')
    .limit(arg.limit),
);

const count = statement('uploads.count', (db) =>
  db.selectFrom('uploads').select((eb) => eb.fn.countAll<number>().as('count')),
);
