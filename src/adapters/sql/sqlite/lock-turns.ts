/**
 * Shares the one write lock of a SQLite database between processes. SQLite has no queue: who asks while it is taken must ask again, and
 * who writes without a break could keep all others out. So while others write too, everybody asks often and steps back in time.
 */

export interface LockTurns {
  /** How many ms to wait before asking for the lock: 0 for a process that is alone, or whose turn is not over. */
  readonly pause: () => number;
  /** The lock is there; `othersWrote` since this process had it last. */
  readonly taken: (othersWrote: boolean) => void;
  /** Another process has the lock. Answers how many ms to wait before asking again. */
  readonly refused: () => number;
}

/**
 * Measured with 2 and 4 processes of 1 to 16 writers on a busy machine, against asking every 10 ms and never stepping back: the slowest of
 * a hundred writes waits 40 to 110 ms instead of 100 to 400, at the same rate or a higher one.
 */
const askAgainMs = 1;
/** How long a process may take the lock again and again while others want it. */
const turnMs = 5;
/** For how long others are reckoned with after they were seen. */
const sharedMs = 100;

export function createLockTurns(
  now: () => number = () => performance.now(),
  random: () => number = Math.random,
): LockTurns {
  let sharedUntil = 0;
  /** When this process is to step back; undefined before its turn has begun. */
  let turnEnds: number | undefined;

  /** Of random length, so that two who were refused at the same time do not go on asking at the same time. */
  const interval = () => askAgainMs * (1 + random());

  function othersSeen(): void {
    sharedUntil = now() + sharedMs;
    turnEnds = undefined;
  }

  return {
    pause() {
      if (sharedUntil === 0) return 0;
      if (now() > sharedUntil) {
        sharedUntil = 0;
        turnEnds = undefined;
        return 0;
      }
      if (turnEnds === undefined || now() <= turnEnds) return 0;
      turnEnds = undefined;
      return interval();
    },
    taken(othersWrote) {
      if (othersWrote) othersSeen();
      if (sharedUntil > 0) turnEnds ??= now() + turnMs;
    },
    refused() {
      othersSeen();
      return interval();
    },
  };
}
