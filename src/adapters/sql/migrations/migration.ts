/** One step of the schema, forward only. Once released it is never edited; a mistake is mended by the next one. */
export interface Migration {
  /** 1, 2, 3 … without gaps; the first four digits of the file's name. */
  readonly version: number;
  readonly name: string;
  /** SQL for each dialect; run in one transaction. The same tables, columns and indexes under the same names. */
  readonly sqlite: string;
}
