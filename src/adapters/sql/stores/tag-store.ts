/** Tags: names that point at images. */
import type { TagStore } from '../../../ports/metadata.ts';
import { all, changed, first, run, statement } from '../statement.ts';

export const tagStore: TagStore = {
  *find(repositoryId, tag) {
    const row = yield* first(find, { repositoryId, tag });
    return row && { repositoryId, tag, imageId: row.image_id, sequence: row.sequence, updatedAt: row.updated_at };
  },
  *ofImage(imageId) {
    return (yield* all(ofImage, { imageId })).map((row) => row.tag);
  },
  *countOfImage(imageId) {
    return (yield* first(countOfImage, { imageId }))?.count ?? 0;
  },
  *listNames(repositoryId, { after = '', limit }) {
    const rows = yield* all(listNames, { repositoryId, fold: foldOf(after), after, limit });
    return rows.map((row) => row.tag);
  },
  *put({ repositoryId, tag, imageId, updatedAt }) {
    const previous = yield* first(find, { repositoryId, tag });
    if (previous?.image_id === imageId) {
      yield* run(touch, { sequence: previous.sequence, updatedAt });
      return;
    }
    if (previous !== undefined) {
      yield* run(remove, { sequence: previous.sequence });
      yield* run(setUntagged, { imageId: previous.image_id });
      yield* changed(repositoryId);
    }
    yield* run(add, { repositoryId, tag, fold: foldOf(tag), imageId, updatedAt });
    yield* run(setTagged, { imageId });
  },
  *delete(repositoryId, tag) {
    const previous = yield* first(find, { repositoryId, tag });
    if (previous === undefined) return;
    yield* run(remove, { sequence: previous.sequence });
    yield* run(setUntagged, { imageId: previous.image_id });
    yield* changed(repositoryId);
  },
};

const foldOf = (tag: string): string => tag.toLowerCase();

const find = statement('tags.find', (db, arg: { repositoryId: number; tag: string }) =>
  db
    .selectFrom('tags')
    .select(['image_id', 'sequence', 'updated_at'])
    .where('repository_id', '=', arg.repositoryId)
    .where('tag', '=', arg.tag),
);

const ofImage = statement('tags.ofImage', (db, arg: { imageId: number }) =>
  db.selectFrom('tags').select('tag').where('image_id', '=', arg.imageId).orderBy('sequence'),
);

const countOfImage = statement('tags.countOfImage', (db, arg: { imageId: number }) =>
  db
    .selectFrom('tags')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('image_id', '=', arg.imageId),
);

const listNames = statement(
  'tags.listNames',
  (db, arg: { repositoryId: number; fold: string; after: string; limit: number }) =>
    db
      .selectFrom('tags')
      .select('tag')
      .where('repository_id', '=', arg.repositoryId)
      .where((eb) => eb(eb.refTuple('fold', 'tag'), '>', eb.tuple(arg.fold, arg.after)))
      .orderBy('fold')
      .orderBy('tag')
      .limit(arg.limit),
);

const add = statement(
  'tags.add',
  (db, arg: { repositoryId: number; tag: string; fold: string; imageId: number; updatedAt: number }) =>
    db.insertInto('tags').values({
      repository_id: arg.repositoryId,
      tag: arg.tag,
      fold: arg.fold,
      image_id: arg.imageId,
      updated_at: arg.updatedAt,
    }),
);

const touch = statement('tags.touch', (db, arg: { sequence: number; updatedAt: number }) =>
  db.updateTable('tags').set({ updated_at: arg.updatedAt }).where('sequence', '=', arg.sequence),
);

const remove = statement('tags.delete', (db, arg: { sequence: number }) =>
  db.deleteFrom('tags').where('sequence', '=', arg.sequence),
);

const setTagged = statement('tags.setTagged', (db, arg: { imageId: number }) =>
  db.updateTable('images').set({ tagged: 1 }).where('id', '=', arg.imageId).where('tagged', '=', 0),
);

/** The image has no tag any more, if so it is. */
const setUntagged = statement('tags.setUntagged', (db, arg: { imageId: number }) =>
  db
    .updateTable('images')
    .set({ tagged: 0 })
    .where('id', '=', arg.imageId)
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('tags').select('sequence').whereRef('tags.image_id', '=', 'images.id'))),
    ),
);
