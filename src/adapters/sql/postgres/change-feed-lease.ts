/**
 * The lease of a node: its row in `nodes`, by the database's clock, and what the node may believe of it, by its own.
 *
 * A lease has ended only when its row is gone: whoever removes the row waits for a renewal that is under way, and a renewal finds no
 * row. A row is removed only after its time, or by the node itself; a node that is shut out is forbidden to renew, and waited for.
 */
import type pg from 'pg';
import { changesChannel, encodeMessage } from './change-feed-messages.ts';

export interface LeaseTiming {
  /** How long others wait at most for a node that does not answer. */
  readonly leaseMs: number;
  readonly renewMs: number;
  /** How much earlier than the database a node itself takes its lease for ended: room for clocks that are set or run differently. */
  readonly marginMs: number;
}

export interface Lease {
  /** Whether it certainly has not ended. */
  valid(): boolean;
  /** Renews it, and removes leases that have ended. Answers the other nodes, or undefined when this lease has ended. */
  renew(): Promise<Set<string> | undefined>;
  /** Forbids another node to renew. */
  evict(nodeId: string): Promise<void>;
  /** Gives it up and says so. */
  end(): Promise<void>;
}

export interface LeaseNode {
  readonly id: string;
  /** An earlier lease of this node, which nobody believes in any more. */
  readonly replaces: string | undefined;
  readonly address: string;
  readonly version: string;
}

/** Takes a lease on this connection and greets the others. Rejects with what the connection rejects with. */
export async function takeLease(client: pg.ClientBase, node: LeaseNode, timing: LeaseTiming): Promise<Lease> {
  let validUntil = { monotonic: 0, wall: 0 };

  /** Counts from before the request was sent: the database can only have written a later end. */
  async function extending<T>(ask: () => Promise<T>, extended: (answer: T) => boolean): Promise<T> {
    const trusted = timing.leaseMs - timing.marginMs;
    const until = { monotonic: performance.now() + trusted, wall: Date.now() + trusted };
    const answer = await ask();
    if (extended(answer)) validUntil = until;
    return answer;
  }

  await extending(
    () =>
      client.query(take, [
        ...[node.id, node.replaces ?? null, node.address, node.version, timing.leaseMs],
        ...[changesChannel, encodeMessage({ verb: 'hello', from: node.id, replaces: node.replaces })],
      ]),
    () => true,
  );

  return {
    // Both clocks, because the monotonic one stands still while a machine sleeps, and the other may be set back.
    valid: () => performance.now() < validUntil.monotonic && Date.now() < validUntil.wall,
    async renew() {
      const { rows } = await extending(
        () => client.query<{ renewed: boolean; others: string[] }>({ ...renew, values: [node.id, timing.leaseMs] }),
        (answer) => answer.rows[0]!.renewed,
      );
      return rows[0]!.renewed ? new Set(rows[0]!.others) : undefined;
    },
    async evict(nodeId) {
      await client.query('update nodes set evicted = true where node_id = $1', [nodeId]);
    },
    async end() {
      validUntil = { monotonic: 0, wall: 0 };
      await client.query(give, [node.id, changesChannel, encodeMessage({ verb: 'bye', from: node.id })]);
    },
  };
}

/**
 * SQL that fails with 40001 in a transaction when the lease has ended, and else keeps it from ending until the transaction does: others cannot
 * remove the row, and take nobody for gone whose row is there. Renewals pass.
 */
export const fence = (nodeId: string): string =>
  `do $$ begin perform from nodes where node_id = '${nodeId}' for key share; ` +
  "if not found then raise exception using errcode = '40001', message = 'the lease of this node has ended'; end if; end $$";

// The greeting is heard when the row can be seen, since one transaction brings both.
const take = `
with replaced as (delete from nodes where node_id = $2)
insert into nodes (node_id, address, version, lease_until, evicted, started_at)
values ($1, $3, $4, clock_timestamp() + $5 * interval '1 millisecond', false, clock_timestamp())
returning pg_notify($6, $7)`;

const renew = {
  name: 'longshore.renew-lease',
  text: `
with renewed as (
  update nodes set lease_until = clock_timestamp() + $2 * interval '1 millisecond'
  where node_id = $1 and not evicted and lease_until > clock_timestamp()
  returning node_id
), ended as (
  -- Passes over a row that is just being renewed.
  delete from nodes where node_id in (
    select node_id from nodes where node_id <> $1 and lease_until <= clock_timestamp() for update skip locked
  )
  returning node_id
)
select
  exists (select from renewed) as renewed,
  array(select node_id from nodes where node_id <> $1 and node_id not in (select node_id from ended)) as others`,
};

const give = `
with gone as (delete from nodes where node_id = $1)
select pg_notify($2, $3)`;
