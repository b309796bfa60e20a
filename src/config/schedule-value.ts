/** When background work is due: every so often, or by a cron pattern. */
import { type Schedule, slotOf } from '../lib/schedule.ts';
import { BadValue, type ValueKind } from './setting.ts';
import { timerOrOff } from './value-kinds.ts';

/** Undefined for 0: never. */
export const schedule: ValueKind<Schedule | undefined> = {
  value: '<duration|cron>',
  parse(text) {
    if (!/\s/.test(text.trim())) {
      const everyMs = timerOrOff.parse(text);
      return everyMs === 0 ? undefined : { everyMs };
    }
    const cron = text.trim();
    try {
      slotOf({ cron }, Date.now());
    } catch (error) {
      throw new BadValue(
        `must be a duration or a cron pattern such as "30 2 * * *", not "${text}" (${(error as Error).message})`,
      );
    }
    return { cron };
  },
};
