/** Cuts a page from what was read: one row more than asked for tells that there is a next page. */

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly last: Row | undefined;
  /** Whether something comes after `last`. */
  readonly more: boolean;
}

/** `read` must have been asked for `limit + 1` rows. */
export function cutPage<Row>(read: readonly Row[], limit: number): Page<Row> {
  const rows = read.slice(0, limit);
  return { rows, last: rows.at(-1), more: read.length > limit };
}
