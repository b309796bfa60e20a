/** A PostgreSQL, or a URL of one, that Longshore cannot work with; trying again does not help. The message says what to do. */
export class UnusableDatabase extends Error {
  override readonly name = 'UnusableDatabase';
}
