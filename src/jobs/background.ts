/**
 * Work without a request, in slices: one at a time, each small, with pauses between them, so that no push ever waits for it. What
 * the slices do stands in services; here is only when.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface BackgroundTask {
  readonly name: string;
  /** From the end of one round to the begin of the next; a round is as many slices as there is work for. */
  readonly everyMs: number;
  /** Does a little. Answers the pause in ms before the next slice of the round, or undefined at the end of the round. */
  readonly slice: () => Promise<number | undefined>;
}

export interface Background {
  /** Begins no other slice and lets the one under way finish, for so long at most: re-reading a large layer may take a while. */
  stop(graceMs?: number): Promise<void>;
}

/** A process that is restarted every day still does what is due once a day. */
const LATEST_FIRST_MS = 5 * 60_000;

/** Begins. `failed` hears of slices that rejected; their task is tried again in its next round. */
export function startBackground(
  tasks: readonly BackgroundTask[],
  failed: (task: string, error: unknown) => void,
  random: () => number = Math.random,
): Background {
  const stopping = new AbortController();
  // Neither many nodes nor many tasks shall begin together.
  const jitter = (ms: number) => ms * (0.75 + random() / 4);
  const plan = tasks.map((task) => ({
    task,
    dueAt: performance.now() + jitter(Math.min(task.everyMs, LATEST_FIRST_MS)),
  }));

  async function run(): Promise<void> {
    while (plan.length > 0) {
      const next = plan.reduce((first, other) => (other.dueAt < first.dueAt ? other : first));
      const wait = Math.max(0, next.dueAt - performance.now());
      await sleep(wait, undefined, { signal: stopping.signal, ref: false });
      const { task } = next;
      let pause: number | undefined;
      try {
        pause = await task.slice();
      } catch (error) {
        failed(task.name, error);
      }
      next.dueAt = performance.now() + (pause ?? jitter(task.everyMs));
    }
  }

  const running = run().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    async stop(graceMs = 2000) {
      stopping.abort();
      const grace = new AbortController();
      await Promise.race([running, sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
      grace.abort();
    },
  };
}
