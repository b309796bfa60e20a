/**
 * Keeps the caches of many nodes true (docs/decisions/0006-caches-stay-true-by-leases.md). A commit that changes or removes something is
 * announced before it is made; it is made once every node with a live lease has stopped answering from what it remembers of it.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type MetadataChange, MetadataUnavailable } from '../../../ports/metadata.ts';
import { createBlocks } from './change-feed-blocks.ts';
import { fence } from './change-feed-lease.ts';
import { changesChannel, encodeMessage, type FeedMessage, toMetadataChange } from './change-feed-messages.ts';
import { type FeedSession, openFeedSession, SessionLost, type SessionTiming } from './change-feed-session.ts';
import { keepSession } from './change-feed-upkeep.ts';

/** What a transaction is about to change or remove: ids of repositories, or everything. */
export type Changes = ReadonlySet<number | 'everything'>;

/**
 * How the engine uses it, for a transaction that has `changed` something:
 *
 *     const announcement = await feed.announce(changes);      // after the unit's last statement
 *     try { await client.query(announcement.commit); }         // instead of `commit`: tells and commits in one round trip
 *     catch (error) { feed.abandon(announcement); throw error; } // also when nobody knows whether it was committed
 *     feed.settle(announcement);                                // then answer the writer
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
  /** The commit was made: tells the caches of this process. Then the writer may be answered. */
  settle(announcement: Announcement): void;
  /** The commit was not made, or nobody knows. */
  abandon(announcement: Announcement): void;
  /** Lets the others go on without this node. Everything announced should be settled or abandoned. */
  close(): Promise<void>;
  readonly figures: ChangeFeedFigures;
}

export interface Announcement {
  /**
   * What to send instead of `commit`: one simple query that tells the other nodes and commits. It fails with 40001 when this node was taken for
   * gone since it asked, so that others may have come that it does not know: then the unit is to be run again.
   */
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
  let lastNumber = 0;

  async function begin(replaces: string | undefined): Promise<FeedSession> {
    return openFeedSession({
      client: await options.connect(),
      id: randomBytes(8).toString('hex'),
      replaces,
      node: options.node,
      timing,
      announcedEnded: () => Promise.all(underWay),
      heard,
      heardOwn,
      left(nodeId) {
        for (const change of blocks.endNode(nodeId)) tell(change);
      },
      evicted(nodeId) {
        figures.evictions += 1;
        log('warn', 'Shut out a node that did not answer', { nodeId });
      },
    });
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
        blocks.end(message.from, message.number);
        tell(message.change);
    }
  }

  function heardOwn(number: number, change: MetadataChange): void {
    const announcement = pending.get(number);
    if (announcement !== undefined) announcement.heard = true;
    // Neither waited for nor settled: the engine took it for not committed.
    else if (!unheard.delete(number)) tell(change);
  }

  async function joinedSession(deadline: number): Promise<FeedSession> {
    for (;;) {
      const session = upkeep.session();
      if (session !== undefined) return session;
      if (upkeep.closed()) throw new MetadataUnavailable('The database has been closed.');
      await before(deadline, upkeep.changed());
    }
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
    const commit = `${fence(asked.id)}; notify ${changesChannel}, '${message}'; commit`;
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

  function settle(announcement: Pending): void {
    if (announcement.session === upkeep.session() && !announcement.heard) unheard.add(announcement.number);
    finish(announcement);
  }

  const upkeep = keepSession(await begin(undefined), {
    begin,
    joined(session) {
      // What was read before is older than what others were acknowledged in the meantime.
      tell({ kind: 'everything' });
      if (figures.losses > 0) log('info', 'In touch with the other nodes again', { peers: session.peers() });
    },
    lost(reason, joined) {
      unheard.clear();
      blocks.endAllBut(own);
      if (upkeep.closed()) return;
      if (joined) figures.losses += 1;
      log('warn', 'Lost touch with the other nodes; nothing is answered from memory until it is back', {
        reason: String(reason),
      });
    },
  });
  // A few ms; but the lease of a node that died just now is not waited for, since all but memory and changes work without.
  await Promise.race([upkeep.changed(), sleep(startMs)]);
  return {
    fresh: () => upkeep.session()?.joined() ?? false,
    refresh() {
      const isFresh = upkeep.session()?.joined() ?? false;
      const blocked: MetadataChange | undefined = isFresh ? blocks.current() : { kind: 'everything' };
      if (blocked !== undefined) tell(blocked);
    },
    announce,
    settle: (announcement) => settle(announcement as Pending),
    abandon: (announcement) => abandon(announcement as Pending),
    close: () => upkeep.close(),
    get figures() {
      return { ...figures, peers: upkeep.session()?.peers() ?? 0 };
    },
  };
}

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
