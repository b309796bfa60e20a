/** Keeps the feed in touch with the other nodes: begins another session when one is lost, until it is closed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedSession } from './change-feed-session.ts';

export interface Upkeep {
  /** The session in which this node is known to all others; undefined while there is none. */
  session(): FeedSession | undefined;
  /** Resolves when `session` answers something else. */
  changed(): Promise<void>;
  closed(): boolean;
  /** Ends the session in order, so that nobody waits for this node. */
  close(): Promise<void>;
}

export interface UpkeepOptions {
  /** Begins a session; `replaces` is the id of the one before. */
  readonly begin: (replaces: string) => Promise<FeedSession>;
  /** Just before `session` answers it. */
  readonly joined: (session: FeedSession) => void;
  /** Just after `session` has ceased to answer it; `joined` says whether it ever did. */
  readonly lost: (reason: unknown, joined: boolean) => void;
}

const reconnectMs = { first: 50, most: 2000 };

/** Takes care of `first` and its successors. */
export function keepSession(first: FeedSession, { begin, joined, lost }: UpkeepOptions): Upkeep {
  const closing = new AbortController();
  let session: FeedSession | undefined;
  /** The same, or one that others do not know yet. */
  let latest: FeedSession | undefined;
  let changed = Promise.withResolvers<void>();

  function use(next: FeedSession | undefined): void {
    session = next;
    changed.resolve();
    changed = Promise.withResolvers();
  }

  async function keep(): Promise<void> {
    for (let current: FeedSession | undefined = first; current !== undefined; ) {
      latest = current;
      if (closing.signal.aborted) await current.leave();
      const known: boolean = await current.whenJoined.then(
        () => true,
        () => false,
      );
      if (known) {
        joined(current);
        use(current);
      }
      const reason = await current.lost;
      latest = undefined;
      use(undefined);
      lost(reason, known);
      current = await beginAgain(current.id, known ? 0 : reconnectMs.first);
    }
  }

  /** Answers undefined when it is closed. */
  async function beginAgain(replaces: string, firstDelay: number): Promise<FeedSession | undefined> {
    for (let delay = firstDelay; !closing.signal.aborted; delay = nextDelay(delay)) {
      await sleep(delay * (0.5 + Math.random()), undefined, { signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) break;
      try {
        return await begin(replaces);
      } catch {
        // As long as it takes: the log has said that it is gone.
      }
    }
    return undefined;
  }

  const kept = keep();
  return {
    session: () => session,
    changed: () => changed.promise,
    closed: () => closing.signal.aborted,
    async close() {
      closing.abort();
      await latest?.leave();
      await kept;
    },
  };
}

const nextDelay = (delay: number): number => Math.min(Math.max(2 * delay, reconnectMs.first), reconnectMs.most);
