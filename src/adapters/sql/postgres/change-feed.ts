/**
 * Keeps the caches of many nodes true (docs/decisions/0006-caches-stay-true-by-leases.md). A commit that changes or removes something is
 * announced before it is made; it is made once every node with a live lease has stopped answering from what it remembers of it.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type MetadataChange, MetadataUnavailable } from '../../../ports/metadata.ts';
import { createBlocks } from './change-feed-blocks.ts';
import { changesChannel, encodeMessage, type FeedMessage, toMetadataChange } from './change-feed-messages.ts';
import { type FeedSession, openFeedSession, SessionLost, type SessionTiming } from './change-feed-session.ts';

/** What a transaction is about to change or remove: ids of repositories, or everything. */
export type Changes = ReadonlySet<number | 'everything'>;

/**
 * How the engine uses it, for a transaction that has `changed` something:
 *
 *     const announcement = await feed.announce(changes);      // after the unit's last statement
 *     try { await client.query(announcement.commit); }         // instead of `commit`: tells and commits in one round trip
 *     catch (error) { feed.abandon(announcement); throw error; } // also when nobody knows whether it was committed
 *     await feed.settle(announcement);                          // usually at once; then answer the writer
 */
export interface ChangeFeed {
  /** Whether caches are true: nothing is remembered that another node has changed. */
  fresh(): boolean;
  /** Tells the caches of this process what they must not answer from just now: nothing, as a rule. For `Metadata.refresh`. */
  refresh(): void;
  /**
   * Resolves when no other node answers from what it remembers of `changes`, until `settle` or `abandon`. Exactly one of them must follow.
   * Rejects with `MetadataUnavailable` when that cannot be brought about in time.
   */
  announce(changes: Changes): Promise<Announcement>;
  /**
   * The commit was made: tells the caches of this process, and resolves when the writer may be answered. Rejects with
   * `MetadataUnavailable` when this node was cut off in between and cannot make sure of the others; the change stands.
   */
  settle(announcement: Announcement): Promise<void>;
  /** The commit was not made, or nobody knows. */
  abandon(announcement: Announcement): void;
  /** Lets the others go on without this node. Everything announced should be settled or abandoned. */
  close(): Promise<void>;
  readonly figures: ChangeFeedFigures;
}

export interface Announcement {
  /** What to send instead of `commit`: one simple query that tells the other nodes and commits. */
  readonly commit: string;
}

/** For metrics; counters only grow. */
export interface ChangeFeedFigures {
  /** Other nodes that are waited for. */
  readonly peers: number;
  readonly announcements: number;
  /** Sum of the time that writers waited for other nodes. */
  readonly secondsWaited: number;
  /** How often this node had to forget everything, because its lease or its connection was lost. */
  readonly losses: number;
  /** Nodes that were shut out because they did not answer, by this node. */
  readonly evictions: number;
}

export interface ChangeFeedOptions {
  /** Answers a new connection, for this feed alone. */
  readonly connect: () => Promise<pg.Client>;
  /** For the table `nodes`: what people call this node, and its version. */
  readonly node: { readonly address: string; readonly version: string };
  readonly tell: (change: MetadataChange) => void;
  readonly log?: (level: 'info' | 'warn', message: string, details?: Record<string, unknown>) => void;
  readonly timing?: Partial<FeedTiming>;
}

export interface FeedTiming extends SessionTiming {
  /** How long a writer waits for other nodes, or for this one's connection, before it is told that the database is unavailable. */
  readonly waitMs: number;
}

/**
 * A node that stops is waited for `leaseMs` at most, one that hangs but renews `evictAfterMs` and `leaseMs`; `waitMs` is longer than both
 * together. Three renewals may be late before a node forgets all.
 */
const usualTiming: FeedTiming = { leaseMs: 2000, renewMs: 500, marginMs: 500, evictAfterMs: 4000, waitMs: 10_000 };
/** How long the start waits for the other nodes. */
const startMs = 300;
const reconnectMs = { first: 50, most: 2000 };

/** Stands for this node among those that block. */
const own = '';

interface Pending extends Announcement {
  readonly number: number;
  readonly changes: Changes;
  readonly change: MetadataChange;
  /** To whose nodes it was announced. */
  readonly session: FeedSession;
  /** Its commit was heard of before the engine said so. */
  heard: boolean;
  readonly over: () => void;
}

/**
 * Resolves when this node has a lease, and as a rule is known to all others. Rejects with what the first connection rejects with, and when
 * that does not deliver notifications.
 */
export async function openChangeFeed(options: ChangeFeedOptions): Promise<ChangeFeed> {
  const { tell, log = () => undefined } = options;
  const timing = { ...usualTiming, ...options.timing };
  const blocks = createBlocks();
  const pending = new Map<number, Pending>();
  /** For each commit under way: resolves when it is made or not. */
  const underWay = new Set<Promise<void>>();
  /** Numbers of this session that were settled before their commit was heard of. */
  const unheard = new Set<number>();
  const figures = { announcements: 0, secondsWaited: 0, losses: 0, evictions: 0 };
  const closing = new AbortController();
  let session: FeedSession | undefined;
  /** The same, or one that others do not know yet. */
  let opening: FeedSession | undefined;
  let lastNumber = 0;
  /** Changes when a session begins or ends. */
  let sessionChanged = Promise.withResolvers<void>();

  function useSession(next: FeedSession | undefined): void {
    session = next;
    sessionChanged.resolve();
    sessionChanged = Promise.withResolvers();
  }

  async function begin(replaces: string | undefined): Promise<FeedSession> {
    return openFeedSession({
      client: await options.connect(),
      id: randomBytes(8).toString('hex'),
      replaces,
      node: options.node,
      timing,
      announcedEnded: () => Promise.all(underWay),
      heard,
      left(nodeId) {
        for (const change of blocks.endNode(nodeId)) tell(change);
      },
      evicted(nodeId) {
        figures.evictions += 1;
        log('warn', 'Shut out a node that did not answer', { nodeId });
      },
    });
  }

  /** Keeps a session until the feed is closed. */
  async function keep(first: FeedSession): Promise<void> {
    for (let current: FeedSession | undefined = first; current !== undefined; ) {
      opening = current;
      if (closing.signal.aborted) await current.leave();
      const joined = await current.whenJoined.then(
        () => true,
        () => false,
      );
      if (joined) {
        // What was read before is older than what others were acknowledged in the meantime.
        tell({ kind: 'everything' });
        useSession(current);
        if (current !== first) log('info', 'In touch with the other nodes again', { peers: current.peers() });
      }
      const reason = await current.lost;
      opening = undefined;
      useSession(undefined);
      unheard.clear();
      blocks.endAllBut(own);
      if (closing.signal.aborted) return;
      if (joined) figures.losses += 1;
      log('warn', 'Lost touch with the other nodes; nothing is answered from memory until it is back', {
        reason: String(reason),
      });
      current = await beginAgain(current.id, joined ? 0 : reconnectMs.first);
    }
  }

  async function beginAgain(replaces: string, firstDelay: number): Promise<FeedSession | undefined> {
    for (let delay = firstDelay; !closing.signal.aborted; delay = nextDelay(delay)) {
      await sleep(delay * (0.5 + Math.random()), undefined, { signal: closing.signal }).catch(() => undefined);
      if (closing.signal.aborted) break;
      try {
        return await begin(replaces);
      } catch {
        // As long as it takes: the log has said that it is gone, and readiness says so.
      }
    }
    return undefined;
  }

  function heard(message: FeedMessage): void {
    switch (message.verb) {
      case 'begin':
        blocks.add(message.from, message.number, message.change);
        return;
      case 'ended': {
        const change = blocks.end(message.from, message.number);
        if (change !== undefined) tell(change);
        return;
      }
      case 'committed':
        if (message.from !== session?.id) {
          blocks.end(message.from, message.number);
          tell(message.change);
          return;
        }
        heardOwn(message.number, message.change);
    }
  }

  function heardOwn(number: number, change: MetadataChange): void {
    const announcement = pending.get(number);
    if (announcement !== undefined) announcement.heard = true;
    // Neither waited for nor settled: the engine took it for not committed.
    else if (!unheard.delete(number)) tell(change);
  }

  async function joinedSession(deadline: number): Promise<FeedSession> {
    while (session === undefined) {
      if (closing.signal.aborted) throw new MetadataUnavailable('The database has been closed.');
      await before(deadline, sessionChanged.promise);
    }
    return session;
  }

  async function announce(changes: Changes, deadline = performance.now() + timing.waitMs): Promise<Pending> {
    const started = performance.now();
    const number = ++lastNumber;
    const change = toMetadataChange(changes);
    figures.announcements += 1;
    blocks.add(own, number, change);
    try {
      for (;;) {
        const announcement = await announceIn(await joinedSession(deadline), { number, changes, change }, deadline);
        if (announcement !== undefined) return announcement;
      }
    } catch (error) {
      blocks.end(own, number);
      throw error;
    } finally {
      figures.secondsWaited += (performance.now() - started) / 1000;
    }
  }

  /** Answers undefined when the session was lost meanwhile, so that others must be asked anew. */
  async function announceIn(
    asked: FeedSession,
    announced: Pick<Pending, 'number' | 'changes' | 'change'>,
    deadline: number,
  ): Promise<Pending | undefined> {
    const { number, change } = announced;
    const over = Promise.withResolvers<void>();
    underWay.add(over.promise);
    const end = () => {
      underWay.delete(over.promise);
      over.resolve();
    };
    try {
      await before(deadline, asked.ask(number, change));
    } catch (error) {
      end();
      asked.ended(number);
      if (error instanceof SessionLost) return undefined;
      throw error;
    }
    const message = encodeMessage({ verb: 'committed', from: asked.id, number, change });
    const commit = `notify ${changesChannel}, '${message}'; commit`;
    const announcement: Pending = { ...announced, commit, session: asked, heard: false, over: end };
    pending.set(number, announcement);
    return announcement;
  }

  /** Lets this node remember again what it reads from now on, and drops what it remembers. */
  function finish(announcement: Pending): void {
    pending.delete(announcement.number);
    blocks.end(own, announcement.number);
    tell(announcement.change);
    announcement.over();
  }

  function abandon(announcement: Pending): void {
    finish(announcement);
    announcement.session.ended(announcement.number);
  }

  /** Whether every node that may answer from memory now was asked, or began to remember after this commit. */
  const reachedAll = ({ session: asked }: Pending): boolean => asked === session && asked.joined();

  async function settle(announcement: Pending): Promise<void> {
    if (announcement.session === session && !announcement.heard) unheard.add(announcement.number);
    finish(announcement);
    // This node was cut off or stalled between announcement and commit: others may have come that it does not know.
    const deadline = performance.now() + timing.waitMs;
    for (let last = announcement; !reachedAll(last); ) {
      last = await announce(announcement.changes, deadline);
      abandon(last);
      if (!reachedAll(last)) await sleep(timing.renewMs / 10);
    }
  }

  const first = await begin(undefined);
  const kept = keep(first);
  // A few ms; but the lease of a node that died just now is not waited for, since all but memory and changes work without.
  await Promise.race([first.whenJoined, first.lost, sleep(startMs)]);
  return {
    fresh: () => session?.joined() ?? false,
    refresh() {
      const blocked: MetadataChange | undefined = session?.joined() ? blocks.current() : { kind: 'everything' };
      if (blocked !== undefined) tell(blocked);
    },
    announce,
    settle: (announcement) => settle(announcement as Pending),
    abandon: (announcement) => abandon(announcement as Pending),
    async close() {
      closing.abort();
      await opening?.leave();
      await kept;
    },
    get figures() {
      return { ...figures, peers: session?.peers() ?? 0 };
    },
  };
}

const nextDelay = (delay: number): number => Math.min(Math.max(2 * delay, reconnectMs.first), reconnectMs.most);

/** Rejects with `MetadataUnavailable` when it takes longer. */
async function before<T>(deadline: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new MetadataUnavailable('The other nodes could not be told of a change in time.')),
    Math.max(0, deadline - performance.now()),
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
