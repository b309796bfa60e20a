/** Statements that list images page by page; used by image-store.ts. Every page is a search in an index, however far back. */
import type { Kysely } from 'kysely';
import type { Flag, Tables } from '../schema.ts';
import { statement } from '../statement.ts';
import { images, summaries } from './image-queries.ts';

type Page = { repositoryId: number; after: number; limit: number };

export const list = statement('images.list', (db, arg: Page, dialect) =>
  summaries(db, dialect)
    .where('images.repository_id', '=', arg.repositoryId)
    .where('images.id', '>', arg.after)
    .orderBy('images.id')
    .limit(arg.limit),
);

export const listTagged = statement('images.list (by tag status)', (db, arg: Page & { tagged: Flag }, dialect) =>
  summaries(db, dialect)
    .where('images.repository_id', '=', arg.repositoryId)
    .where('images.tagged', '=', arg.tagged)
    .where('images.id', '>', arg.after)
    .orderBy('images.id')
    .limit(arg.limit),
);

type IdPage = { repositoryId: number; afterImage: number; afterSequence: number; limit: number };

/** One row for each tag of an image, one for an image without. The first image may have tags left to show. */
const ids = (db: Kysely<Tables>, arg: IdPage) =>
  db
    .selectFrom('images')
    // The second condition follows from the first and from the page; without it PostgreSQL reads all tags before the page.
    .leftJoin('tags', (join) => join.onRef('tags.image_id', '=', 'images.id').on('tags.image_id', '>=', arg.afterImage))
    .select(['images.id', 'images.digest', 'tags.tag', 'tags.sequence'])
    .where('images.repository_id', '=', arg.repositoryId)
    .where('images.id', '>=', arg.afterImage)
    .where((eb) => eb.or([eb('images.id', '>', arg.afterImage), eb('tags.sequence', '>', arg.afterSequence)]))
    .orderBy('images.id')
    .orderBy('tags.sequence')
    .limit(arg.limit);

export const listIds = statement('images.listIds', (db, arg: IdPage) => ids(db, arg));

export const listTaggedIds = statement('images.listIds (by tag status)', (db, arg: IdPage & { tagged: Flag }) =>
  ids(db, arg).where('images.tagged', '=', arg.tagged),
);

type ReferrersPage = Page & { subjectDigest: string };

const referrers = (db: Kysely<Tables>, arg: ReferrersPage) =>
  images(db)
    .where('images.repository_id', '=', arg.repositoryId)
    .where('images.subject_digest', '=', arg.subjectDigest)
    .where('images.id', '>', arg.after)
    .orderBy('images.id')
    .limit(arg.limit);

export const listReferrers = statement('images.listReferrers', (db, arg: ReferrersPage) => referrers(db, arg));

export const listReferrersOfTypes = statement(
  'images.listReferrers (by type)',
  (db, arg: ReferrersPage & { artifactTypes: readonly string[] }, dialect) =>
    referrers(db, arg).where('images.artifact_type', 'in', dialect.elements(arg.artifactTypes)),
);

export const listAll = statement('images.listAll', (db, arg: { after: number; limit: number }, dialect) =>
  images(db)
    .innerJoin('live_repositories', 'live_repositories.id', 'images.repository_id')
    .select(['live_repositories.account_id', 'live_repositories.region', 'live_repositories.name as repository_name'])
    .select((eb) => dialect.layerDigestsOfImage(eb.ref('images.id')).as('layer_digests'))
    .where('images.id', '>', arg.after)
    // The same once more, so that PostgreSQL does not read all manifests before the page.
    .where('manifests.image_id', '>', arg.after)
    .orderBy('images.id')
    .limit(arg.limit),
);
