/** Runs the steps of a unit of work on a connection to PostgreSQL, every statement prepared once per connection. */
import type pg from 'pg';
import type { Work } from '../../../ports/work.ts';
import { postgresDialect } from '../dialects/postgres.ts';
import type { Call, CompiledStatement, LockRows, Statement, Step } from '../statement.ts';
import { DatabaseFailed } from './database-failed.ts';

type Prepared = CompiledStatement & { readonly name: string };
const compiled = new Map<string, Prepared>();

/** Locks are taken only when `locking`. Rejects with DatabaseFailed. */
export async function runStep(
  client: pg.ClientBase,
  step: Call | LockRows,
  { locking }: { readonly locking: boolean },
): Promise<unknown> {
  const { name, sql, bind } = preparedOf(step.statement, locking ? step.lock : undefined);
  let result: pg.QueryResult;
  try {
    result = await client.query({ name, text: sql, values: bind(step.args) });
  } catch (error) {
    throw new DatabaseFailed(error);
  }
  if (step.kind === 'first') return result.rows[0];
  return step.kind === 'all' ? result.rows : result.rowCount;
}

/** Whether the statement only reads, so that it does no harm outside of a transaction. */
export function onlyReads(step: Call | LockRows): boolean {
  return preparedOf(step.statement, undefined).sql.startsWith('select ');
}

function preparedOf(statement: Statement<never, unknown>, lock: Call['lock']): Prepared {
  const name = lock === undefined ? statement.name : `${statement.name} (${lock})`;
  let known = compiled.get(name);
  if (known === undefined) {
    known = { name, ...statement.compile(postgresDialect, lock) };
    compiled.set(name, known);
  }
  return known;
}

/** Asks one step after the other, to the end of the work. What fails is thrown to us and never into the work: nothing more can be asked. */
export async function drive<T>(
  work: Work<T>,
  begun: IteratorResult<unknown, T>,
  answer: (step: Step) => Promise<unknown>,
): Promise<T> {
  let next = begun;
  while (!next.done) next = work.next(await answer(next.value as Step));
  return next.value;
}
