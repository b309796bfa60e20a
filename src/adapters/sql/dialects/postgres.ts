/** PostgreSQL's half of dialect.ts. */
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely';
import type { Tables } from '../schema.ts';
import type { Lock } from '../statement.ts';
import type { Dialect } from './dialect.ts';

export const postgresDialect: Dialect = {
  queries: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
  elements: (list) => sql`(select unnest(${list}::text[]))`,
  ids: (list) => sql`(select unnest(${list}::bigint[]))`,
  rows: (list) => sql`(select value from unnest(${list}::text[]) as element (value))`,
  pairs: (json) =>
    sql`(select (pair ->> 0)::bigint as key, (pair ->> 1)::bigint as value from json_array_elements(${json}::json) as element (pair))`,
  // As text: the same for the stores as SQLite's JSON.
  tagsOfImage: (imageId) =>
    sql`(select coalesce(json_agg(tag order by sequence), '[]')::text from tags where tags.image_id = ${imageId})`,
  layerDigestsOfImage: (imageId) =>
    sql`(select coalesce(json_agg(digest order by digest), '[]')::text from image_layers join layers on layers.id = layer_id where image_layers.image_id = ${imageId})`,
  now: () => sql`(extract(epoch from statement_timestamp()) * 1000)::bigint`,
  skipLocked: (query) => query.forUpdate().skipLocked(),
  locking: (query, table, lock) => `${query} ${strengths[lock]} of "${table}"`,
  encode: (argument) => {
    if (argument === undefined) return null;
    if (typeof argument === 'boolean') return argument ? 1 : 0;
    // The driver would take any other view of bytes for JSON.
    if (argument instanceof Uint8Array && !Buffer.isBuffer(argument)) {
      return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
    }
    return argument;
  },
};

/** A row under `no key update` may still be referred to by new rows, so that uploads of layers do not wait for those of images. */
const strengths: Readonly<Record<Lock, string>> = {
  exclusive: 'for no key update',
  shared: 'for share',
  part: 'for update',
};
