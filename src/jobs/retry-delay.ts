/** How long a job waits after an attempt that failed. */

const first = 1000;
const longest = 15 * 60_000;

/**
 * In ms: doubles with each attempt, up to a quarter of an hour. Between half and the whole of that by chance, so that what failed
 * together is not tried again together.
 */
export function retryDelay(attempts: number, random: () => number = Math.random): number {
  const whole = Math.min(longest, first * 2 ** Math.max(0, attempts - 1));
  return Math.round(whole * (0.5 + random() / 2));
}
