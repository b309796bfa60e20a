/** All that this program asks of its databases, as text: for the fixtures that later migrations must keep working. */
import { postgresDialect } from './dialects/postgres.ts';
import { sqliteDialect } from './dialects/sqlite.ts';
import './metadata-tx.ts';
import { type Lock, statements } from './statement.ts';

export interface CompiledStatements {
  readonly sqlite: Readonly<Record<string, string>>;
  readonly postgres: Readonly<Record<string, string>>;
}

const locks: readonly Lock[] = ['exclusive', 'shared', 'part'];

export function compiledStatements(): CompiledStatements {
  const sqlite: Record<string, string> = {};
  const postgres: Record<string, string> = {};
  // By name, so that the fixture changes only where a statement does.
  for (const statement of statements.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    sqlite[statement.name] = statement.compile(sqliteDialect).sql;
    postgres[statement.name] = statement.compile(postgresDialect).sql;
    if (statement.locks === undefined) continue;
    for (const lock of locks) {
      postgres[`${statement.name} (${lock})`] = statement.compile(postgresDialect, lock).sql;
    }
  }
  return { sqlite, postgres };
}
