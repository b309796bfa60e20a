/**
 * Keeps the caches of many nodes true (docs/decisions/0006-caches-stay-true-by-leases.md). A commit that changes or removes something is
 * announced before it is made; it is made once every node with a live lease has stopped answering from what it remembers of it.
 */
import type pg from 'pg';
import type { MetadataChange } from '../../../ports/metadata.ts';

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
}
