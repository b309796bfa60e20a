/** What differs between databases, in one place: how a query is written down, and the few things kysely has no word for. */
import type { Expression, Kysely, RawBuilder } from 'kysely';
import type { Tables } from '../schema.ts';

export interface Dialect {
  /** Builds and compiles queries; cannot run any. */
  readonly queries: Kysely<Tables>;
  /** The elements of a list argument, for the right side of `in`. */
  elements<T>(list: readonly T[]): RawBuilder<T>;
  /** The elements of a list argument as the rows of a table with one column, `value`. */
  rows<T>(list: readonly T[]): RawBuilder<{ value: T }>;
  /** The tags of an image in the order in which they were added, as JSON text. */
  tagsOfImage(imageId: Expression<number>): RawBuilder<string>;
  /** The digests of an image's layers in byte order, as JSON text. */
  layerDigestsOfImage(imageId: Expression<number>): RawBuilder<string>;
  /** An argument as the driver takes it: lists, flags and absence have no type of their own everywhere. */
  encode(argument: unknown): unknown;
}
