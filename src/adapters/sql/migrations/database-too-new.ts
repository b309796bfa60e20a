/** The database was made by a newer Longshore than this one. */
export class DatabaseTooNew extends Error {
  override readonly name = 'DatabaseTooNew';
  /** `version` is that of the database, `newest` the newest that this program knows. */
  constructor(version: number, newest: number) {
    super(
      `The database has schema version ${version}, this program knows only up to ${newest} and cannot run beside what came since. ` +
        'Start a newer Longshore, or restore a backup made before the upgrade.',
    );
  }
}
