/** SQLite's half of dialect.ts. */
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely';
import type { Tables } from '../schema.ts';
import type { Dialect } from './dialect.ts';

export const sqliteDialect: Dialect = {
  queries: new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  elements: (list) => sql`(select value from json_each(${list}))`,
  ids: (list) => sql`(select value from json_each(${list}))`,
  rows: (list) => sql`(select value from json_each(${list}))`,
  pairs: (json) =>
    sql`(select json_extract(value, '$[0]') as key, json_extract(value, '$[1]') as value from json_each(${json}))`,
  tagsOfImage: (imageId) =>
    sql`(select json_group_array(tag order by sequence) from tags where tags.image_id = ${imageId})`,
  layerDigestsOfImage: (imageId) =>
    sql`(select json_group_array(digest order by digest) from image_layers join layers on layers.id = layer_id where image_layers.image_id = ${imageId})`,
  now: () => sql`cast(round(unixepoch('now', 'subsec') * 1000) as integer)`,
  // Whoever writes is alone.
  skipLocked: (query) => query,
  locking: (query) => query,
  encode: (argument) => {
    if (argument === undefined) return null;
    if (typeof argument === 'boolean') return argument ? 1 : 0;
    if (Array.isArray(argument)) return JSON.stringify(argument);
    return argument;
  },
};
