/** What an answer says that is not the caller's fault and may be another one soon. */

/** Seconds. The stores have been tried for a while already, and other nodes may be fine: asking again soon is right. */
const SECONDS = '1';

/** The header (name, value) that goes with this status; none for most. */
export function retryAfter(status: number): readonly string[] {
  return status === 503 || status === 429 ? ['Retry-After', SECONDS] : [];
}
