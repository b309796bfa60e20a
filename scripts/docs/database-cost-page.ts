/** docs/database-cost.md: what each request asks of the database, from the table that a test holds against both of them. */
import { expectedCosts } from '../../tests/statements/expected.table.ts';

export function databaseCostPage(): string {
  const rows = Object.entries(expectedCosts).map(
    ([name, { sqlite, postgres, transaction }]) =>
      `| ${name} | ${sqlite} | ${postgres} | ${transaction ? 'yes' : ''} |\n`,
  );
  return `# What each request asks of the database

Printed by \`scripts/generate-docs.ts\` from \`tests/statements/expected.table.ts\`, which \`tests/statements/statements.test.ts\` holds against a running
server: queries are counted at the driver, without \`begin\` and \`commit\`.

A query on SQLite is a call within the process (2 to 50 µs). On PostgreSQL it is a round trip; a transaction costs one more for its commit (which tells other nodes, too), while its
\`begin\` travels with the first query. What is asked again is answered from memory: a lease that each node renews twice a second keeps that true
on many nodes, at no query per request.

| request | queries on SQLite | queries on PostgreSQL | in a transaction |
|---|---:|---:|---|
${rows.join('')}`;
}
