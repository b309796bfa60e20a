/** Words for a POSIX shell. */

/** The word as it is when it is plain, else between quotes, such that every POSIX shell reads exactly `word`. */
export function shellQuote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
