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

export interface Statement<Args, Row> {
  /** Where it is written, for messages and the test of query plans. */
  readonly name: string;
  compile(dialect: Dialect): CompiledStatement;
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
}

/** Tells the engine that caches must forget what they know of a repository, or everything, once this work is committed. */
export interface Changed {
  readonly kind: 'changed';
  readonly repositoryId: number | 'everything';
}

export type Step = Call | Changed;

/** Every statement of the program; the test of query plans goes through them. */
export const statements: Statement<never, unknown>[] = [];

/** In `build`, `arg` holds a placeholder for each argument under the argument's name, whatever its type says. */
export function statement<Args extends object, Row>(
  name: string,
  build: (db: Kysely<Tables>, arg: Args, dialect: Dialect) => Compilable<Row>,
): Statement<Args, Row> {
  const made: Statement<Args, Row> = {
    name,
    compile(dialect) {
      const query = build(dialect.queries, placeholders as Args, dialect).compile();
      const binders = query.parameters.map(binderOf);
      return {
        sql: query.sql,
        bind: (args) => binders.map((bind) => dialect.encode(bind(args))),
      };
    },
  };
  statements.push(made as Statement<never, unknown>);
  return made;
}

export function* first<Args extends object, Row>(of: Statement<Args, Row>, args: Args): Work<Row | undefined> {
  return yield { kind: 'first', statement: of, args };
}

export function* all<Args extends object, Row>(of: Statement<Args, Row>, args: Args): Work<Row[]> {
  return yield { kind: 'all', statement: of, args };
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
