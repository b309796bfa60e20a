/**
 * Repositories and their settings.
 *
 * To delete one of 100,000 images with all their edges takes seconds, which nobody else should wait. So a repository is
 * deleted by a mark: the view `live_repositories`, the only thing finders read, has it no more. Its rows go in slices (`purge`).
 */
import type { Selectable } from 'kysely';
import type { NewRepository, RepositoryStore } from '../../../ports/metadata.ts';
import type { RegistryId, RepositoryRecord, TagMutability } from '../../../ports/records.ts';
import type { Flag, RepositoriesTable } from '../schema.ts';
import { all, changed, first, lockRows, run, statement } from '../statement.ts';
import { lockBlobs } from './blob-record-store.ts';

export const repositoryStore: RepositoryStore = {
  *find(registry, name, lock = 'exclusive') {
    const row = yield* first(find, { ...registryOf(registry), name }, lock);
    return row && toRepository(row);
  },
  *lock(ids, lock) {
    return new Set((yield* all(lockByIds, { ids }, lock)).map((row) => row.id));
  },
  *list(registry, { after = 0, limit }) {
    return (yield* all(list, { ...registryOf(registry), after, limit })).map(toRepository);
  },
  *listNames(registry, { after = '', limit }) {
    return (yield* all(listNames, { ...registryOf(registry), after, limit })).map((row) => row.name);
  },
  *count(registry) {
    return (yield* first(count, registryOf(registry)))?.count ?? 0;
  },
  *add(repository) {
    const row = yield* first(add, toRow(repository));
    return row && toRepository(row);
  },
  *setTagMutability(id, value, filters) {
    yield* run(setTagMutability, { id, value, filters: JSON.stringify(filters) });
    yield* changed(id);
  },
  *setScanOnPush(id, scanOnPush) {
    yield* run(setScanOnPush, { id, scanOnPush: scanOnPush ? 1 : 0 });
    yield* changed(id);
  },
  *setResourceTags(id, tags) {
    yield* run(setResourceTags, { id, tags: JSON.stringify(tags) });
    yield* changed(id);
  },
  *delete(id) {
    yield* run(markDeleted, { id });
    yield* run(deleteUploads, { id });
    yield* changed(id);
  },
  *purge(limit) {
    const repository = yield* first(findDeleted, {}, 'exclusive');
    if (repository === undefined) return undefined;
    const { id } = repository;
    // Images first: a layer cannot go while an image refers to it.
    const images = yield* run(deleteSomeImages, { id, limit });
    const layers = yield* all(deleteSomeLayers, { id, limit: limit - images });
    const blobIds = [...new Set(layers.map((layer) => layer.blob_id))];
    yield* lockRows(lockBlobs, { ids: blobIds }, 'part');
    yield* run(hideBlobs, { blobIds });
    if (images + layers.length < limit) yield* run(deleteEmpty, { id });
    return { images, layers: layers.length };
  },
};

const registryOf = ({ accountId, region }: RegistryId): RegistryId => ({ accountId, region });

const toRepository = (row: Selectable<RepositoriesTable>): RepositoryRecord => ({
  id: row.id,
  accountId: row.account_id,
  region: row.region,
  name: row.name,
  createdAt: row.created_at,
  tagMutability: row.tag_mutability as TagMutability,
  exclusionFilters: JSON.parse(row.exclusion_filters),
  scanOnPush: row.scan_on_push === 1,
  encryptionType: row.encryption_type as 'AES256',
  resourceTags: JSON.parse(row.resource_tags),
});

type NewRow = Omit<Selectable<RepositoriesTable>, 'id'>;

const toRow = (repository: NewRepository): NewRow => ({
  account_id: repository.accountId,
  region: repository.region,
  name: repository.name,
  created_at: repository.createdAt,
  tag_mutability: repository.tagMutability,
  exclusion_filters: JSON.stringify(repository.exclusionFilters),
  scan_on_push: repository.scanOnPush ? 1 : 0,
  encryption_type: repository.encryptionType,
  resource_tags: JSON.stringify(repository.resourceTags),
});

const find = statement(
  'repositories.find',
  (db, arg: RegistryId & { name: string }) =>
    db
      .selectFrom('live_repositories')
      .selectAll()
      .where('account_id', '=', arg.accountId)
      .where('region', '=', arg.region)
      .where('name', '=', arg.name),
  { locks: 'live_repositories' },
);

const lockByIds = statement(
  'repositories.lock',
  (db, arg: { ids: readonly number[] }, dialect) =>
    db.selectFrom('repositories').select('id').where('id', 'in', dialect.ids(arg.ids)).orderBy('id'),
  { locks: 'repositories' },
);

const list = statement('repositories.list', (db, arg: RegistryId & { after: number; limit: number }) =>
  db
    .selectFrom('live_repositories')
    .selectAll()
    .where('account_id', '=', arg.accountId)
    .where('region', '=', arg.region)
    .where('id', '>', arg.after)
    .orderBy('id')
    .limit(arg.limit),
);

const listNames = statement('repositories.listNames', (db, arg: RegistryId & { after: string; limit: number }) =>
  db
    .selectFrom('live_repositories')
    .select('name')
    .where('account_id', '=', arg.accountId)
    .where('region', '=', arg.region)
    .where('name', '>', arg.after)
    .orderBy('name')
    .limit(arg.limit),
);

const count = statement('repositories.count', (db, arg: RegistryId) =>
  db
    .selectFrom('live_repositories')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('account_id', '=', arg.accountId)
    .where('region', '=', arg.region),
);

const add = statement('repositories.add', (db, arg: NewRow) =>
  db
    .insertInto('repositories')
    .values({
      account_id: arg.account_id,
      region: arg.region,
      name: arg.name,
      created_at: arg.created_at,
      tag_mutability: arg.tag_mutability,
      exclusion_filters: arg.exclusion_filters,
      scan_on_push: arg.scan_on_push,
      encryption_type: arg.encryption_type,
      resource_tags: arg.resource_tags,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll(),
);

const setTagMutability = statement(
  'repositories.setTagMutability',
  (db, arg: { id: number; value: string; filters: string }) =>
    db
      .updateTable('repositories')
      .set({ tag_mutability: arg.value, exclusion_filters: arg.filters })
      .where('id', '=', arg.id),
);

const setScanOnPush = statement('repositories.setScanOnPush', (db, arg: { id: number; scanOnPush: Flag }) =>
  db.updateTable('repositories').set({ scan_on_push: arg.scanOnPush }).where('id', '=', arg.id),
);

const setResourceTags = statement('repositories.setResourceTags', (db, arg: { id: number; tags: string }) =>
  db.updateTable('repositories').set({ resource_tags: arg.tags }).where('id', '=', arg.id),
);

const markDeleted = statement('repositories.delete', (db, arg: { id: number }) =>
  db.updateTable('repositories').set({ deleted: 1 }).where('id', '=', arg.id),
);

const deleteUploads = statement('repositories.deleteUploads', (db, arg: { id: number }) =>
  db.deleteFrom('uploads').where('repository_id', '=', arg.id),
);

const findDeleted = statement(
  'repositories.findDeleted',
  (db) =>
    // A literal, not a parameter: else SQLite does not see that the partial index serves.
    db
      .selectFrom('repositories')
      .select('id')
      .where('deleted', '=', (eb) => eb.lit(1))
      .orderBy('id')
      .limit(1),
  { locks: 'repositories' },
);

type Slice = { id: number; limit: number };

const deleteSomeImages = statement('repositories.purge (images)', (db, arg: Slice) =>
  db
    .deleteFrom('images')
    .where(
      'id',
      'in',
      db.selectFrom('images').select('id').where('repository_id', '=', arg.id).orderBy('id').limit(arg.limit),
    ),
);

const deleteSomeLayers = statement('repositories.purge (layers)', (db, arg: Slice) =>
  db
    .deleteFrom('layers')
    .where(
      'id',
      'in',
      db.selectFrom('layers').select('id').where('repository_id', '=', arg.id).orderBy('id').limit(arg.limit),
    )
    .returning('blob_id'),
);

/** Of these blobs, those that no repository shows any more. */
const hideBlobs = statement('repositories.purge (blobs)', (db, arg: { blobIds: readonly number[] }, dialect) =>
  db
    .updateTable('blobs')
    .set({ shown: 0 })
    .where('id', 'in', dialect.ids(arg.blobIds))
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('layers').select('layers.id').whereRef('layers.blob_id', '=', 'blobs.id'))),
    ),
);

const deleteEmpty = statement('repositories.purge (repository)', (db, arg: { id: number }) =>
  db.deleteFrom('repositories').where('id', '=', arg.id),
);
