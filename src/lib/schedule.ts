/** When work is due again: every so often, or by a cron pattern in UTC. A slot is the time at which it became due last. */
import { Cron } from 'croner';

export type Schedule = { readonly everyMs: number } | { readonly cron: string };

/**
 * The last time at or before `now` at which the schedule was due. The same on every node whose clock is right, whenever it was
 * started; undefined where a pattern was never due.
 */
export function slotOf(schedule: Schedule, now: number): number | undefined {
  if ('everyMs' in schedule) return Math.floor(now / schedule.everyMs) * schedule.everyMs;
  // The runs before a time leave that time itself out.
  const [last] = new Cron(schedule.cron, { timezone: 'UTC' }).previousRuns(1, new Date(now + 1));
  return last?.getTime();
}
