/**
 * A query that is built once, compiled once per dialect and prepared once per connection, then run with arguments by name.
 * kysely costs tens of µs to build and compile a query; a prepared one costs a few to run.
 *
 *     const findByDigest = statement('images.findByDigest', (db, arg: { repositoryId: number; digest: string }) =>
 *       db.selectFrom('images').selectAll().where('repository_id', '=', arg.repositoryId).where('digest', '=', arg.digest),
 *     );
 *     const row = yield* first(findByDigest, { repositoryId, digest });
 */
import type { Compilable, Kysely } from 'kysely';
import type { Work } from '../../ports/work.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Tables } from './schema.ts';

/**
 * What a write asks to stay as it is until it ends, where writes are not alone: `exclusive` rows nobody else changes, `shared` rows
 * nobody changes though others may hold them too, and rows that are about to `part` get no new row that refers to them.
 */
export type Lock = 'exclusive' | 'shared' | 'part';

export interface Statement<Args, Row> {
  /** Where it is written, for messages and the test of query plans. */
  readonly name: string;
  /** The table whose rows it can lock. */
  readonly locks?: keyof Tables | undefined;
  /** With a lock, the query takes it on the rows that it finds. Throws when the statement names no table to lock. */
  compile(dialect: Dialect, lock?: Lock): CompiledStatement;
  /** Carries the types only; never there. */
  readonly types?: (args: Args) => Row;
}

export interface CompiledStatement {
  readonly sql: string;
  /** The values to bind, in order, out of the arguments. */
  bind(args: Readonly<Record<string, unknown>>): unknown[];
}

/** What a store yields to the engine, and what it is handed: the first row or undefined; all rows; the number of changed rows. */
export interface Call {
  readonly kind: 'first' | 'all' | 'run';
  readonly statement: Statement<never, unknown>;
  readonly args: Readonly<Record<string, unknown>>;
  /** Taken in a write. */
  readonly lock?: Lock | undefined;
}

/**
 * Takes locks before rows are read or changed by other statements, which then see what was committed before the locks were had. Nothing
 * to do where writes are alone.
 */
export interface LockRows {
  readonly kind: 'lock';
  readonly statement: Statement<never, unknown>;
  readonly args: Readonly<Record<string, unknown>>;
  readonly lock: Lock;
}

/** Tells the engine that caches must forget what they know of a repository, or everything, once this work is committed. */
export interface Changed {
  readonly kind: 'changed';
  readonly repositoryId: number | 'everything';
}

export type Step = Call | LockRows | Changed;

/** Every statement of the program; the test of query plans goes through them. */
export const statements: Statement<never, unknown>[] = [];

/**
 * In `build`, `arg` holds a placeholder for each argument under the argument's name, whatever its type says. `locks` names the table, as
 * the query calls it, whose rows a write can ask to lock.
 */
export function statement<Args extends object, Row>(
  name: string,
  build: (db: Kysely<Tables>, arg: Args, dialect: Dialect) => Compilable<Row>,
  { locks }: { readonly locks?: keyof Tables } = {},
): Statement<Args, Row> {
  const made: Statement<Args, Row> = {
    name,
    locks,
    compile(dialect, lock) {
      const query = build(dialect.queries, placeholders as Args, dialect).compile();
      const binders = query.parameters.map(binderOf);
      if (lock !== undefined && locks === undefined) throw new Error(`${name} says no table to lock.`);
      return {
        sql: lock === undefined ? query.sql : dialect.locking(query.sql, locks!, lock),
        bind: (args) => binders.map((bind) => dialect.encode(bind(args))),
      };
    },
  };
  statements.push(made as Statement<never, unknown>);
  return made;
}

/** With a lock, a write keeps what it finds as it is until it ends. */
export function* first<Args extends object, Row>(
  of: Statement<Args, Row>,
  args: Args,
  lock?: Lock,
): Work<Row | undefined> {
  return yield { kind: 'first', statement: of, args, lock };
}

export function* all<Args extends object, Row>(of: Statement<Args, Row>, args: Args, lock?: Lock): Work<Row[]> {
  return yield { kind: 'all', statement: of, args, lock };
}

export function* lockRows<Args extends object>(of: Statement<Args, unknown>, args: Args, lock: Lock): Work<void> {
  yield { kind: 'lock', statement: of, args, lock };
}

export function* run<Args extends object>(of: Statement<Args, unknown>, args: Args): Work<number> {
  return yield { kind: 'run', statement: of, args };
}

export function* changed(repositoryId: number | 'everything'): Work<void> {
  yield { kind: 'changed', repositoryId };
}

class Placeholder {
  readonly argument: string;
  constructor(argument: string) {
    this.argument = argument;
  }
}

const placeholders = new Proxy({}, { get: (_, argument) => new Placeholder(String(argument)) });

function binderOf(parameter: unknown): (args: Readonly<Record<string, unknown>>) => unknown {
  if (parameter instanceof Placeholder) return (args) => args[parameter.argument];
  return () => parameter;
}
