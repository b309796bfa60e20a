/** The statements of job-store.ts. Times are the database's own, see JobStore. */
import { type Kysely, type Selectable, sql } from 'kysely';
import type { JobsTable, Tables } from '../schema.ts';
import { statement } from '../statement.ts';
import { fromNow } from './job-claim-queries.ts';

export type JobRow = Selectable<JobsTable>;

interface AddArgs {
  kind: string;
  subject: string;
  payload: string;
  priority: number;
  delayMs: number;
}

export const add = statement('jobs.add', (db, arg: AddArgs, dialect) =>
  db
    .insertInto('jobs')
    .values({
      kind: arg.kind,
      subject: arg.subject,
      payload: arg.payload,
      priority: arg.priority,
      state: sql.lit('waiting'),
      due_at: fromNow(dialect, arg.delayMs),
      attempts: 0,
      holder: '',
      held_until: 0,
      progress: '',
      error: '',
      created_at: dialect.now(),
      updated_at: dialect.now(),
    })
    .onConflict((conflict) =>
      conflict
        .columns(['kind', 'subject'])
        .where('state', '=', sql.lit('waiting'))
        .doUpdateSet((eb) => ({
          payload: eb.ref('excluded.payload'),
          priority: eb
            .case()
            .when('excluded.priority', '>', eb.ref('jobs.priority'))
            .then(eb.ref('excluded.priority'))
            .else(eb.ref('jobs.priority'))
            .end(),
          due_at: eb
            .case()
            .when('excluded.due_at', '<', eb.ref('jobs.due_at'))
            .then(eb.ref('excluded.due_at'))
            .else(eb.ref('jobs.due_at'))
            .end(),
          updated_at: eb.ref('excluded.updated_at'),
        })),
    )
    .returningAll(),
);

export const find = statement('jobs.find', (db, arg: { id: number }) =>
  db.selectFrom('jobs').selectAll().where('id', '=', arg.id),
);

type Named = { kind: string; subject: string };

export const findRunning = statement('jobs.findRunning', (db, arg: Named) =>
  db
    .selectFrom('jobs')
    .selectAll()
    .where('kind', '=', arg.kind)
    .where('subject', '=', arg.subject)
    .where('state', '=', sql.lit('running')),
);

export const findWaiting = statement('jobs.findWaiting', (db, arg: Named) =>
  db
    .selectFrom('jobs')
    .selectAll()
    .where('kind', '=', arg.kind)
    .where('subject', '=', arg.subject)
    .where('state', '=', sql.lit('waiting')),
);

type Held = { id: number; holder: string };

const held = (db: Kysely<Tables>, arg: Held) =>
  db
    .updateTable('jobs')
    .where('id', '=', arg.id)
    .where('holder', '=', arg.holder)
    .where('state', '=', sql.lit('running'));

export const renew = statement('jobs.heartbeat', (db, arg: Held & { leaseMs: number }, dialect) =>
  held(db, arg).set({ held_until: fromNow(dialect, arg.leaseMs), updated_at: dialect.now() }),
);

export const setProgress = statement(
  'jobs.heartbeat (progress)',
  (db, arg: Held & { leaseMs: number; progress: string }, dialect) =>
    held(db, arg).set({
      held_until: fromNow(dialect, arg.leaseMs),
      updated_at: dialect.now(),
      progress: arg.progress,
    }),
);

export const countFromHere = statement('jobs.heartbeat (further)', (db, arg: Held) =>
  held(db, arg).set({ attempts: 1 }),
);

export const end = statement('jobs.end', (db, arg: Held & { state: string; error: string }, dialect) =>
  held(db, arg).set({ state: arg.state, holder: '', held_until: 0, error: arg.error, updated_at: dialect.now() }),
);

/** Locks a job of this holder, so that what follows in the unit is about a job that stays its own. */
export const touchHeld = statement('jobs.touchHeld', (db, arg: Held, dialect) =>
  held(db, arg).set({ updated_at: dialect.now() }).returningAll(),
);

export const removeWaiting = statement('jobs.removeWaiting', (db, arg: Named) =>
  db
    .deleteFrom('jobs')
    .where('kind', '=', arg.kind)
    .where('subject', '=', arg.subject)
    .where('state', '=', sql.lit('waiting'))
    .returningAll(),
);

interface WaitArgs {
  id: number;
  payload: string;
  priority: number;
  delayMs: number;
  /** Due then, when that is earlier. */
  atLatest: number;
  attempts: number;
  error: string;
}

export const wait = statement('jobs.wait', (db, arg: WaitArgs, dialect) =>
  db
    .updateTable('jobs')
    .set((eb) => ({
      state: sql.lit('waiting'),
      payload: arg.payload,
      priority: arg.priority,
      due_at: eb
        .case()
        .when(sql`${arg.atLatest}`, '<', fromNow(dialect, arg.delayMs))
        .then(sql<number>`${arg.atLatest}`)
        .else(fromNow(dialect, arg.delayMs))
        .end(),
      attempts: arg.attempts,
      holder: '',
      held_until: 0,
      error: arg.error,
      updated_at: dialect.now(),
    }))
    .where('id', '=', arg.id)
    .returningAll(),
);

/** Locks it too. */
export const findGivenUp = statement('jobs.findGivenUp', (db, arg: { id: number }, dialect) =>
  db
    .updateTable('jobs')
    .set({ updated_at: dialect.now() })
    .where('id', '=', arg.id)
    .where('state', '=', sql.lit('given-up'))
    .returningAll(),
);

export const remove = statement('jobs.remove', (db, arg: { id: number }) =>
  db.deleteFrom('jobs').where('id', '=', arg.id).where('state', '!=', sql.lit('running')),
);

export const list = statement('jobs.list', (db, arg: { before: number; limit: number }) =>
  db.selectFrom('jobs').selectAll().where('id', '<', arg.before).orderBy('id', 'desc').limit(arg.limit),
);

export const listByState = statement('jobs.list (state)', (db, arg: { before: number; limit: number; state: string }) =>
  db
    .selectFrom('jobs')
    .selectAll()
    .where('state', '=', arg.state)
    .where('id', '<', arg.before)
    .orderBy('id', 'desc')
    .limit(arg.limit),
);

export const statistics = statement('jobs.statistics', (db, _arg: object, dialect) =>
  db
    .selectFrom('jobs')
    .select((eb) => [
      'kind',
      'state',
      eb.fn.countAll<number>().as('count'),
      eb(dialect.now(), '-', eb.fn.min('due_at')).as('oldest_due_ms'),
    ])
    .where('state', 'in', [sql.lit('waiting'), sql.lit('running'), sql.lit('given-up')])
    .groupBy(['kind', 'state']),
);

export const takeSlot = statement('jobs.takeSlot', (db, arg: { name: string; slot: number }) =>
  db
    .insertInto('schedules')
    .values({ name: arg.name, last_slot: arg.slot })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet((eb) => ({ last_slot: eb.ref('excluded.last_slot') }))
        .whereRef('schedules.last_slot', '<', 'excluded.last_slot'),
    ),
);

export const prune = statement(
  'jobs.prune',
  (db, arg: { state: string; olderThanMs: number; limit: number }, dialect) =>
    db
      .deleteFrom('jobs')
      .where(
        'id',
        'in',
        db
          .selectFrom('jobs')
          .select('id')
          .where('state', '=', arg.state)
          .where('updated_at', '<', sql<number>`${dialect.now()} - ${arg.olderThanMs}`)
          .orderBy('updated_at')
          .orderBy('id')
          .limit(arg.limit),
      ),
);
