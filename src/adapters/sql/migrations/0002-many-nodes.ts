/**
 * What several processes on one database need: what a store remembers of an upload between calls and who works on it, jobs and when
 * they are due again, what all nodes must agree on, and what to forget from caches.
 */
import type { Migration } from './migration.ts';

export const manyNodes: Migration = {
  version: 2,
  name: 'many-nodes',
  sqlite: `
alter table uploads add column state text not null default '';
alter table uploads add column holder text not null default '';
alter table uploads add column held_until integer not null default 0;

create table jobs (
  id integer primary key autoincrement,
  kind text not null,
  subject text not null,
  payload text not null,
  priority integer not null,
  state text not null check (state in ('waiting', 'running', 'done', 'given-up')),
  due_at integer not null,
  attempts integer not null,
  holder text not null,
  held_until integer not null,
  progress text not null,
  error text not null,
  created_at integer not null,
  updated_at integer not null
) strict;
-- However often something becomes necessary before it is begun, it is done once.
create unique index jobs_waiting_once on jobs (kind, subject) where state = 'waiting';
create index jobs_waiting on jobs (priority desc, due_at, id) where state = 'waiting';
create index jobs_running on jobs (held_until) where state = 'running';
create index jobs_by_update on jobs (state, updated_at, id);

create table schedules (
  name text not null primary key,
  last_slot integer not null
) strict, without rowid;

create table installation (
  name text not null primary key,
  value text not null
) strict, without rowid;

-- Which repository (0: everything) each commit changed, in the order of commits, for the caches of other processes.
create table changes (
  sequence integer primary key autoincrement,
  repository_id integer not null
) strict;
`,
};
