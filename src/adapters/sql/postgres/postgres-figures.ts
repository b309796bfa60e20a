/** What the PostgreSQL engine tells of itself for /metrics. */
import type { Figure } from '../../../lib/figure.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { ConnectionPool } from './connection-pool.ts';

/** `retries`: units and connections that were tried again. */
export function postgresFigures(
  pool: Pick<ConnectionPool, 'figures'>,
  feed: Pick<ChangeFeed, 'figures' | 'fresh'>,
  retries: { readonly lost: number; readonly conflict: number },
): Figure[] {
  const gauge = (name: string, help: string, value: number): Figure => ({ name, type: 'gauge', help, value });
  const counter = (name: string, help: string, value: number): Figure => ({ name, type: 'counter', help, value });
  return [
    gauge('longshore_database_connections', 'Connections to PostgreSQL.', pool.figures.open),
    gauge('longshore_database_waiting', 'Calls that wait for a connection to PostgreSQL.', pool.figures.waiting),
    counter('longshore_database_lost_total', 'Units tried again because the connection was lost.', retries.lost),
    counter('longshore_database_conflicts_total', 'Units tried again because of another one.', retries.conflict),
    gauge('longshore_caches_trusted', '1 while this process may answer from its caches.', feed.fresh() ? 1 : 0),
    gauge('longshore_peers', 'Other processes whose caches are waited for.', feed.figures.peers),
    counter('longshore_changes_announced_total', 'Changes told to other processes.', feed.figures.announcements),
    counter(
      'longshore_changes_waited_seconds_total',
      'Time for which writers waited for other processes to forget.',
      feed.figures.secondsWaited,
    ),
    counter('longshore_caches_lost_total', 'Times this process had to forget everything.', feed.figures.losses),
    counter('longshore_peers_evicted_total', 'Processes shut out because they did not answer.', feed.figures.evictions),
  ];
}
