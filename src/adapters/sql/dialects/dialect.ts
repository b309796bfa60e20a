/** What differs between databases, in one place: how a query is written down, and the few things kysely has no word for. */
import type { Expression, Kysely, RawBuilder, SelectQueryBuilder } from 'kysely';
import type { Tables } from '../schema.ts';
import type { Lock } from '../statement.ts';

export interface Dialect {
  /** Builds and compiles queries; cannot run any. */
  readonly queries: Kysely<Tables>;
  /** The elements of a list of texts, for the right side of `in`. */
  elements(list: readonly string[]): RawBuilder<string>;
  /** The elements of a list of ids, for the right side of `in`. */
  ids(list: readonly number[]): RawBuilder<number>;
  /** The elements of a list of texts as the rows of a table with one column, `value`. */
  rows(list: readonly string[]): RawBuilder<{ value: string }>;
  /** A list of pairs of numbers, as JSON text, as the rows of a table with the columns `key` and `value`. */
  pairs(json: string): RawBuilder<{ key: number; value: number }>;
  /** The tags of an image in the order in which they were added, as JSON text. */
  tagsOfImage(imageId: Expression<number>): RawBuilder<string>;
  /** The digests of an image's layers in byte order, as JSON text. */
  layerDigestsOfImage(imageId: Expression<number>): RawBuilder<string>;
  /** The database's clock, in ms since the epoch: the same throughout a statement. */
  now(): RawBuilder<number>;
  /** In a write: locks the rows that the query selects, and passes over those that another has locked. */
  skipLocked<DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>): SelectQueryBuilder<DB, TB, O>;
  /** The query, taking a lock on the rows of `table` that it selects. */
  locking(query: string, table: keyof Tables, lock: Lock): string;
  /** An argument as the driver takes it: lists, flags and absence have no type of their own everywhere. */
  encode(argument: unknown): unknown;
}
