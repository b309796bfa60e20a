/** Open uploads: how many bytes of each are durable and acknowledged. No cache holds them, so no change is told. */
import type { Selectable } from 'kysely';
import type { UploadStore } from '../../../ports/metadata.ts';
import type { UploadRecord } from '../../../ports/records.ts';
import type { Flag, UploadsTable } from '../schema.ts';
import { all, first, run, statement } from '../statement.ts';

export const uploadStore: UploadStore = {
  *find(id) {
    const row = yield* first(find, { id });
    return row && toUpload(row);
  },
  *add(upload) {
    yield* run(add, { ...upload, shortPartFollowed: upload.shortPartFollowed ? 1 : 0 });
  },
  *advance(id, expectedOffset, to) {
    return (yield* run(advance, { ...to, shortPartFollowed: to.shortPartFollowed ? 1 : 0, id, expectedOffset })) === 1;
  },
  *delete(id) {
    return (yield* run(remove, { id })) === 1;
  },
  *listAbandoned({ updatedBefore, limit }) {
    return (yield* all(listAbandoned, { updatedBefore, limit })).map(toUpload);
  },
  *count() {
    return (yield* first(count, {}))?.count ?? 0;
  },
};

const toUpload = (row: Selectable<UploadsTable>): UploadRecord => ({
  id: row.id,
  repositoryId: row.repository_id,
  objectKey: row.object_key,
  digestAlgorithm: row.digest_algorithm as UploadRecord['digestAlgorithm'],
  offset: row.offset,
  parts: row.parts,
  lastPartSize: row.last_part_size,
  shortPartFollowed: row.short_part_followed === 1,
  startedAt: row.started_at,
  updatedAt: row.updated_at,
});

type WithFlag<T> = Omit<T, 'shortPartFollowed'> & { shortPartFollowed: Flag };

const find = statement('uploads.find', (db, arg: { id: string }) =>
  db.selectFrom('uploads').selectAll().where('id', '=', arg.id),
);

const add = statement('uploads.add', (db, arg: WithFlag<UploadRecord>) =>
  db.insertInto('uploads').values({
    id: arg.id,
    repository_id: arg.repositoryId,
    object_key: arg.objectKey,
    digest_algorithm: arg.digestAlgorithm,
    offset: arg.offset,
    parts: arg.parts,
    last_part_size: arg.lastPartSize,
    short_part_followed: arg.shortPartFollowed,
    started_at: arg.startedAt,
    updated_at: arg.updatedAt,
  }),
);

type Progress = WithFlag<Pick<UploadRecord, 'offset' | 'parts' | 'lastPartSize' | 'shortPartFollowed' | 'updatedAt'>>;

const advance = statement('uploads.advance', (db, arg: Progress & { id: string; expectedOffset: number }) =>
  db
    .updateTable('uploads')
    .set({
      offset: arg.offset,
      parts: arg.parts,
      last_part_size: arg.lastPartSize,
      short_part_followed: arg.shortPartFollowed,
      updated_at: arg.updatedAt,
    })
    .where('id', '=', arg.id)
    .where('offset', '=', arg.expectedOffset),
);

const remove = statement('uploads.delete', (db, arg: { id: string }) =>
  db.deleteFrom('uploads').where('id', '=', arg.id),
);

const listAbandoned = statement('uploads.listAbandoned', (db, arg: { updatedBefore: number; limit: number }) =>
  db
    .selectFrom('uploads')
    .selectAll()
    .where('updated_at', '<', arg.updatedBefore)
    .orderBy('updated_at')
    .orderBy('id')
    .limit(arg.limit),
);

const count = statement('uploads.count', (db) =>
  db.selectFrom('uploads').select((eb) => eb.fn.countAll<number>().as('count')),
);
