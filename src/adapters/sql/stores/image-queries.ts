/** Statements that find images; used by image-store.ts. */
import type { Kysely, Selectable } from 'kysely';
import type { RegistryId } from '../../../ports/records.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { ImagesTable, Tables } from '../schema.ts';
import { statement } from '../statement.ts';

export type ImageColumns = Omit<Selectable<ImagesTable>, 'tagged' | 'manifest_size'>;
export type ImageRow = ImageColumns & { readonly bytes: Uint8Array };
export type SummaryRow = ImageColumns & { readonly manifest_size: number; readonly tags: string };

const columns = [
  'images.id',
  'images.repository_id',
  'images.digest',
  'images.media_type',
  'images.artifact_media_type',
  'images.artifact_type',
  'images.image_size',
  'images.subject_digest',
  'images.pushed_at',
  'images.last_pulled_at',
] as const;

/** Images with their bytes. */
export const images = (db: Kysely<Tables>) =>
  db
    .selectFrom('images')
    .innerJoin('manifests', 'manifests.image_id', 'images.id')
    .select([...columns, 'manifests.bytes']);

/** Images without their bytes, with their tags as JSON. */
export const summaries = (db: Kysely<Tables>, dialect: Dialect) =>
  db
    .selectFrom('images')
    .select([...columns, 'images.manifest_size'])
    .select((eb) => dialect.tagsOfImage(eb.ref('images.id')).as('tags'));

export const findByDigest = statement('images.findByDigest', (db, arg: { repositoryId: number; digest: string }) =>
  images(db).where('images.repository_id', '=', arg.repositoryId).where('images.digest', '=', arg.digest),
);

export const findByTag = statement('images.findByTag', (db, arg: { repositoryId: number; tag: string }) =>
  images(db)
    .innerJoin('tags', 'tags.image_id', 'images.id')
    .where('tags.repository_id', '=', arg.repositoryId)
    .where('tags.tag', '=', arg.tag),
);

export const findByNameAndTag = statement(
  'images.findByReference (tag)',
  (db, arg: RegistryId & { name: string; tag: string }) =>
    images(db)
      .innerJoin('tags', 'tags.image_id', 'images.id')
      .innerJoin('live_repositories', 'live_repositories.id', 'tags.repository_id')
      .where('live_repositories.account_id', '=', arg.accountId)
      .where('live_repositories.region', '=', arg.region)
      .where('live_repositories.name', '=', arg.name)
      .where('tags.tag', '=', arg.tag),
);

export const findByNameAndDigest = statement(
  'images.findByReference (digest)',
  (db, arg: RegistryId & { name: string; digest: string }) =>
    images(db)
      .innerJoin('live_repositories', 'live_repositories.id', 'images.repository_id')
      .where('live_repositories.account_id', '=', arg.accountId)
      .where('live_repositories.region', '=', arg.region)
      .where('live_repositories.name', '=', arg.name)
      .where('images.digest', '=', arg.digest),
);

export const existing = statement(
  'images.existing',
  (db, arg: { repositoryId: number; digests: readonly string[] }, dialect) =>
    db
      .selectFrom('images')
      .select('digest')
      .where('repository_id', '=', arg.repositoryId)
      .where('digest', 'in', dialect.elements(arg.digests)),
);

export const summary = statement('images.summary', (db, arg: { imageId: number }, dialect) =>
  summaries(db, dialect).where('images.id', '=', arg.imageId),
);

export const parents = statement('images.parents', (db, arg: { repositoryId: number; digest: string }) =>
  db
    .selectFrom('image_children')
    .innerJoin('images', 'images.id', 'image_children.image_id')
    .select('images.digest')
    .where('image_children.repository_id', '=', arg.repositoryId)
    .where('image_children.child_digest', '=', arg.digest)
    .orderBy('image_children.image_id'),
);

export const largest = statement(
  'images.largest',
  (db, arg: { repositoryId: number; digests: readonly string[] }, dialect) =>
    db
      .selectFrom('images')
      .select((eb) => eb.fn.max<number | null>('image_size').as('largest'))
      .where('repository_id', '=', arg.repositoryId)
      .where('digest', 'in', dialect.elements(arg.digests)),
);

export const count = statement('images.count', (db, arg: { repositoryId: number }) =>
  db
    .selectFrom('images')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('repository_id', '=', arg.repositoryId),
);
