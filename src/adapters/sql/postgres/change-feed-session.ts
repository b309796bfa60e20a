/**
 * One connection of the feed, from LISTEN to its loss: keeps the lease, knows the other nodes, and asks them before a commit.
 *
 * Every node knows all others that may answer from memory: who comes greets all, and answers from memory only when each of them has
 * welcomed it or has lost its lease. So a commit need not look for nodes; it waits for those that are known when it is announced.
 */
import type pg from 'pg';
import type { MetadataChange } from '../../../ports/metadata.ts';
import { type Lease, type LeaseTiming, takeLease } from './change-feed-lease.ts';
import { changesChannel, decodeMessage, encodeMessage, type FeedMessage, nodeChannel } from './change-feed-messages.ts';

export interface SessionTiming extends LeaseTiming {
  /** A node that renews its lease but does not answer for so long is shut out. */
  readonly evictAfterMs: number;
}

export interface SessionOptions {
  readonly client: pg.Client;
  /** New for each session. */
  readonly id: string;
  readonly replaces: string | undefined;
  readonly node: { readonly address: string; readonly version: string };
  readonly timing: SessionTiming;
  /** Resolves when no commit is under way that was announced to fewer nodes than are known now. */
  readonly announcedEnded: () => Promise<unknown>;
  /** What concerns caches: `begin`, `ended` and `committed` of another node. */
  readonly heard: (message: FeedMessage) => void;
  /** A commit of this session was made. */
  readonly heardOwn: (number: number, change: MetadataChange) => void;
  /** This node will not commit what it has begun. */
  readonly left: (nodeId: string) => void;
  readonly evicted: (nodeId: string) => void;
}

export interface FeedSession {
  readonly id: string;
  /** Whether every node that may commit asks this one before. */
  readonly joined: () => boolean;
  /** Resolves when it is so; rejects with `SessionLost`. */
  readonly whenJoined: Promise<void>;
  /** Resolves with the reason when the connection or the lease is gone. */
  readonly lost: Promise<unknown>;
  readonly peers: () => number;
  /** Resolves when no other node answers from what it remembers of `change`, until `ended` or the commit. Rejects with `SessionLost`. */
  ask(number: number, change: MetadataChange): Promise<void>;
  ended(number: number): void;
  /** Gives the lease up in order and closes the connection. */
  leave(): Promise<void>;
}

/** The connection or the lease went while somebody waited. */
export class SessionLost extends Error {
  override readonly name = 'SessionLost';
}

interface Waiting {
  readonly nodes: Set<string>;
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

const deaf =
  'PostgreSQL does not deliver notifications on this connection. A pooler in transaction mode does not; connect to PostgreSQL itself.';

/**
 * Begins a session on a connection of its own, which it ends in any case. Resolves when it has a lease and hears. Rejects with what the
 * connection rejects with.
 */
export async function openFeedSession(options: SessionOptions): Promise<FeedSession> {
  const { client, id, timing } = options;
  const peers = new Set<string>();
  const departed = new Set<string>();
  const shutOut = new Set<string>();
  /** Those who have welcomed this node, maybe before it knew whom to expect. */
  const welcomes = new Set<string>();
  /** By number of what was announced; 0 is the welcome. */
  const waiting = new Map<number, Waiting>();
  const outbox: { channel: string; text: string }[] = [];
  let posting = false;
  let lastAnswer: Promise<unknown> = Promise.resolve();
  let over = false;
  let joined = false;
  let timer: NodeJS.Timeout | undefined;
  const lost = Promise.withResolvers<unknown>();
  const heardMyself = Promise.withResolvers<void>();

  function lose(reason: unknown): void {
    if (over) return;
    over = true;
    joined = false;
    clearTimeout(timer);
    for (const each of waiting.values()) each.reject(new SessionLost('The connection was lost.', { cause: reason }));
    waiting.clear();
    heardMyself.reject(reason);
    lost.resolve(reason);
    client.end().catch(() => undefined);
  }

  /** Sends what gathered while the last was sent, each in order. */
  function post(channel: string, message: FeedMessage): void {
    outbox.push({ channel, text: encodeMessage(message) });
    if (posting) return;
    posting = true;
    queueMicrotask(() => flush().catch(lose));
  }

  async function flush(): Promise<void> {
    while (outbox.length > 0 && !over) {
      await inTurn(() => {
        const batch = outbox.splice(0);
        return client.query({
          name: 'longshore.notify',
          text: 'select pg_notify(channel, text) from unnest($1::text[], $2::text[]) as message (channel, text)',
          values: [batch.map((each) => each.channel), batch.map((each) => each.text)],
        });
      });
    }
    posting = false;
  }

  function learn(nodeId: string): void {
    if (nodeId === id || peers.has(nodeId) || departed.has(nodeId)) return;
    peers.add(nodeId);
    // What is under way was announced without it, so it must not be told yet that it hears of everything.
    void options.announcedEnded().then(() => post(nodeChannel(nodeId), { verb: 'welcome', from: id }));
  }

  function forget(nodeId: string): void {
    departed.add(nodeId);
    peers.delete(nodeId);
    for (const number of [...waiting.keys()]) answered(number, nodeId);
    options.left(nodeId);
  }

  function answered(number: number, nodeId: string): void {
    const each = waiting.get(number);
    if (each === undefined) return;
    each.nodes.delete(nodeId);
    if (each.nodes.size > 0) return;
    waiting.delete(number);
    each.resolve();
  }

  function waitFor(number: number, nodes: ReadonlySet<string>): Promise<void> {
    if (over) return Promise.reject(new SessionLost('The connection is gone.'));
    if (nodes.size === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      waiting.set(number, { nodes: new Set(nodes), since: performance.now(), resolve, reject });
    });
  }

  function receive(message: FeedMessage): void {
    if (message.from === id) {
      if (message.verb === 'hello') heardMyself.resolve();
      if (message.verb === 'committed') options.heardOwn(message.number, message.change);
      return;
    }
    switch (message.verb) {
      case 'hello':
        if (message.replaces !== undefined) forget(message.replaces);
        learn(message.from);
        break;
      case 'bye':
        forget(message.from);
        break;
      case 'welcome':
        welcomes.add(message.from);
        answered(0, message.from);
        break;
      case 'ack':
        answered(message.number, message.from);
        break;
      case 'begin':
        // Whose lease has ended will not commit by this announcement, and nobody would end it here.
        if (departed.has(message.from)) break;
        learn(message.from);
        options.heard(message);
        post(nodeChannel(message.from), { verb: 'ack', from: id, number: message.number });
        break;
      default:
        options.heard(message);
    }
  }

  /** One question at a time, as the driver wants it. A connection that a network swallows does not fail by itself, so it is failed here. */
  function inTurn<T>(ask: () => Promise<T>, reason = 'PostgreSQL does not answer.'): Promise<T> {
    const answer = lastAnswer.then(async () => {
      const silent = setTimeout(lose, timing.leaseMs, new Error(reason));
      try {
        return await ask();
      } finally {
        clearTimeout(silent);
      }
    });
    lastAnswer = answer.catch(() => undefined);
    return answer;
  }

  /** Renews the lease and looks who is there. Rejects when there is no lease to renew. */
  async function renew(lease: Lease): Promise<void> {
    const before = new Set(peers);
    const others = await inTurn(() => lease.renew());
    if (over) return;
    if (others === undefined)
      throw new Error('The lease had ended: this node was too slow to renew it, or was shut out.');
    for (const nodeId of before) if (!others.has(nodeId)) forget(nodeId);
    for (const nodeId of others) learn(nodeId);
    // Only now, when all answers that had come before this one have been read.
    for (const nodeId of unanswering()) {
      shutOut.add(nodeId);
      options.evicted(nodeId);
      await inTurn(() => lease.evict(nodeId));
    }
  }

  function unanswering(): Set<string> {
    const longSince = performance.now() - timing.evictAfterMs;
    const silent = [...waiting.values()].filter((each) => each.since < longSince);
    return new Set(silent.flatMap((each) => [...each.nodes]).filter((nodeId) => !shutOut.has(nodeId)));
  }

  function renewLater(lease: Lease): void {
    if (over) return;
    timer = setTimeout(() => {
      renew(lease).then(() => renewLater(lease), lose);
    }, timing.renewMs);
  }

  heardMyself.promise.catch(() => undefined);
  client.on('error', lose);
  client.on('end', () => lose(new Error('The connection was closed.')));
  client.on('notification', ({ payload = '' }) => {
    const message = decodeMessage(payload);
    if (message !== undefined && !over) receive(message);
  });
  try {
    // Before the lease: whoever sees the lease may rely on being heard.
    await inTurn(() => client.query(`listen ${changesChannel}; listen ${nodeChannel(id)}`));
    const lease = await inTurn(() => takeLease(client, { id, replaces: options.replaces, ...options.node }, timing));
    // Whoever cannot hear must not be relied upon.
    await inTurn(() => heardMyself.promise, deaf);
    await renew(lease);
    renewLater(lease);
    const whenJoined = waitFor(0, new Set([...peers].filter((nodeId) => !welcomes.has(nodeId)))).then(() => {
      joined = true;
    });
    whenJoined.catch(() => undefined);
    return {
      id,
      joined: () => joined && lease.valid(),
      whenJoined,
      lost: lost.promise,
      peers: () => peers.size,
      ask(number, change) {
        const asked = waitFor(number, peers);
        if (peers.size > 0 && !over) post(changesChannel, { verb: 'begin', from: id, number, change });
        return asked;
      },
      ended(number) {
        if (peers.size > 0 && !over) post(changesChannel, { verb: 'ended', from: id, number });
      },
      async leave() {
        if (over) return;
        clearTimeout(timer);
        joined = false;
        await inTurn(() => lease.end()).catch(() => undefined);
        lose(new Error('The feed was closed.'));
      },
    };
  } catch (error) {
    lose(error);
    throw error;
  }
}
