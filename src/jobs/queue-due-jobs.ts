/** Queues the jobs that are due by the clock, each once per cluster however many nodes ask. */

import { type Schedule, slotOf } from '../lib/schedule.ts';
import type { Clock } from '../ports/clock.ts';
import type { Metadata } from '../ports/metadata.ts';

export interface ScheduledJob {
  readonly kind: string;
  readonly schedule: Schedule;
  readonly priority?: number;
}

/** Neither all nodes nor all kinds of work shall begin in the same second. */
const longestDelayMs = 60_000;

/**
 * Answers how many jobs were queued. Where the last job of the kind has not ended yet, nothing is queued for that slot: work
 * that takes longer than its interval is not heaped up.
 */
export async function queueDueJobs(
  { metadata, clock }: { metadata: Pick<Metadata, 'read' | 'write'>; clock: Clock },
  jobs: readonly ScheduledJob[],
  /** Slots that this process knows to be taken: asked for once, not at every look. */
  known: Map<string, number>,
  random: () => number = Math.random,
): Promise<number> {
  let queued = 0;
  for (const { kind, schedule, priority } of jobs) {
    const slot = slotOf(schedule, clock.now());
    if (slot === undefined || known.get(kind) === slot) continue;
    const delayMs = random() * Math.min(longestDelayMs, 'everyMs' in schedule ? schedule.everyMs / 4 : longestDelayMs);
    const added = await metadata.write(function* (tx) {
      if (!(yield* tx.jobs.takeSlot(kind, slot))) return false;
      if ((yield* tx.jobs.findActive(kind, '')) !== undefined) return false;
      yield* tx.jobs.add({ kind, subject: '', delayMs, ...(priority !== undefined && { priority }) });
      return true;
    });
    known.set(kind, slot);
    if (added) queued += 1;
  }
  return queued;
}
