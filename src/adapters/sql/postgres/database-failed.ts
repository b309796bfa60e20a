/** Says that it was the database, or the way to it, that failed, and not the unit of work. `cause` is what the driver threw. */
export class DatabaseFailed extends Error {
  override readonly name = 'DatabaseFailed';
  constructor(cause: unknown) {
    super('The database failed.', { cause });
  }
}
