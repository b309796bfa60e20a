/** Which job is next, and who gets it: the statements behind `claim` and `isDue` of job-store.ts. */
import { type Kysely, sql } from 'kysely';
import type { Dialect } from '../dialects/dialect.ts';
import type { Tables } from '../schema.ts';
import { statement } from '../statement.ts';

export const isDue = statement('jobs.isDue', (db, arg: { kinds: readonly string[] }, dialect) =>
  db
    .selectFrom(selectAbandoned(db, dialect, arg.kinds).as('abandoned'))
    .select('id')
    .unionAll(db.selectFrom(selectDue(db, dialect, arg.kinds).as('due')).select('id')),
);

interface ClaimArgs {
  kinds: readonly string[];
  holder: string;
  leaseMs: number;
}

/** The one whose lease has been over for longest. */
export const claimAbandoned = statement('jobs.claimAbandoned', (db, arg: ClaimArgs, dialect) =>
  claimed(db, dialect, arg)
    .where('id', '=', dialect.skipLocked(selectAbandoned(db, dialect, arg.kinds)))
    .returningAll(),
);

export const claimDue = statement('jobs.claimDue', (db, arg: ClaimArgs, dialect) =>
  claimed(db, dialect, arg)
    .where('id', '=', dialect.skipLocked(selectDue(db, dialect, arg.kinds)))
    .returningAll(),
);

function claimed(db: Kysely<Tables>, dialect: Dialect, arg: ClaimArgs) {
  return db.updateTable('jobs').set((eb) => ({
    state: sql.lit('running'),
    holder: arg.holder,
    held_until: fromNow(dialect, arg.leaseMs),
    attempts: eb('attempts', '+', 1),
    updated_at: dialect.now(),
  }));
}

function selectAbandoned(db: Kysely<Tables>, dialect: Dialect, kinds: readonly string[]) {
  return db
    .selectFrom('jobs')
    .select('id')
    .where('state', '=', sql.lit('running'))
    .where('held_until', '<=', dialect.now())
    .where(isOneOf(dialect, kinds))
    .orderBy('held_until')
    .limit(1);
}

function selectDue(db: Kysely<Tables>, dialect: Dialect, kinds: readonly string[]) {
  return db
    .selectFrom('jobs')
    .select('id')
    .where('state', '=', sql.lit('waiting'))
    .where('due_at', '<=', dialect.now())
    .where(isOneOf(dialect, kinds))
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('jobs as same')
            .select('same.id')
            .whereRef('same.kind', '=', 'jobs.kind')
            .whereRef('same.subject', '=', 'jobs.subject')
            .where('same.state', '=', sql.lit('running')),
        ),
      ),
    )
    .orderBy('priority', 'desc')
    .orderBy('due_at')
    .orderBy('id')
    .limit(1);
}

/**
 * Whether the kind is among these. Not written with `in`, or SQLite would go by the kind and then sort all that wait: there may be very many
 * of one kind.
 */
function isOneOf(dialect: Dialect, kinds: readonly string[]) {
  return sql<boolean>`exists (select 1 from ${dialect.rows(kinds)} as wanted where wanted.value = jobs.kind)`;
}

/** By the database's clock. */
export function fromNow(dialect: Dialect, ms: number) {
  return sql<number>`${dialect.now()} + ${ms}`;
}
