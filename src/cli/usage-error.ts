/** What was typed makes no sense; the message says what would. The process ends with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
