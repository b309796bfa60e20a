/** One step of the schema, forward only. Once released it is never edited; a mistake is mended by the next one. */
export interface Migration {
  /** 1, 2, 3 … without gaps; the first four digits of the file's name. */
  readonly version: number;
  readonly name: string;
  /**
   * The oldest program, named by the newest migration it knows, that still does everything right on the schema after this one: old and new
   * run side by side while nodes are upgraded one after the other. Kept in the database, because an old program does not know it.
   */
  readonly oldestProgram: number;
  /** SQL for each dialect; run in one transaction. The same tables, columns and indexes under the same names. */
  readonly sqlite: string;
  readonly postgres: string;
}
