/** How large parts are. Pure. */

const MIB = 1024 * 1024;

/** S3's rule for every part but the last. */
export const SMALLEST_PART = 5 * MIB;

/** S3's rule; Swift as it comes and some others allow 1,000. */
export const MOST_PARTS = 10_000;

/**
 * The size at which part `number` (from 1) is sent. Small first, because a part is held in memory; growing, because there may not be many:
 * 1,000 parts hold 14 GiB and 10,000 parts 296 GiB.
 */
export function plannedPartSize(number: number): number {
  if (number <= 250) return SMALLEST_PART;
  if (number <= 500) return 8 * MIB;
  if (number <= 750) return 16 * MIB;
  return 32 * MIB;
}

/** Whether what is left at the end of a request should be a part, though more may come. Not too small, or 10,000 parts would not be enough. */
export function isWorthAPart(size: number, number: number): boolean {
  return size >= SMALLEST_PART && size >= plannedPartSize(number) / 2;
}
