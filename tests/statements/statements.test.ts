/**
 * How many queries each request costs, counted at the driver on both databases and held against expected.table.ts. STATEMENTS_WRITE=1
 * writes the table anew.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openPostgresDatabases, postgresMissing } from '../support/postgres-server.ts';
import { startServer } from '../support/start-server.ts';
import { sqliteAndFiles } from '../support/test-stores.ts';
import { type Counted, countStatements } from './count-statements.ts';
import { type DatabaseCost, expectedCosts } from './expected.table.ts';
import { countedRequests } from './requests.ts';

const RUNS = 4;
const write = process.env.STATEMENTS_WRITE === '1';

type Measured = ReadonlyMap<string, Counted>;

async function measure(settings: Record<string, string>): Promise<Measured> {
  const server = await startServer({
    stores: { ...sqliteAndFiles, settings },
    // Nothing in the background that asks, too.
    settings: { collectInterval: '0', sweepInterval: '0', scrubRate: '0' },
  });
  using counter = countStatements();
  try {
    const measured = new Map<string, Counted>();
    for (const { name, prepare } of await countedRequests(server)) {
      let least: Counted | undefined;
      for (let run = 0; run < RUNS; run += 1) {
        const request = await prepare(run);
        // The first run finds nothing warm that later ones do.
        if (run === 0 && /again/.test(name)) await request();
        const counted = await counter.least(1, request);
        if (process.env.STATEMENTS_SHOW === name) console.log(name, counter.last());
        if (least === undefined || counted.queries < least.queries) least = counted;
      }
      measured.set(name, least!);
    }
    return measured;
  } finally {
    await server.stop();
  }
}

describe('queries per request', () => {
  let onSqlite: Measured;
  let onPostgres: Measured;

  test('on SQLite', async () => {
    onSqlite = await measure({});
    if (!write)
      compare(
        onSqlite,
        ({ sqlite }) => ({ queries: sqlite }),
        ({ queries }) => ({ queries }),
      );
  });

  test('on PostgreSQL', { skip: postgresMissing() ?? false }, async () => {
    const databases = await openPostgresDatabases();
    try {
      onPostgres = await measure({ database: await databases.createDatabase() });
    } finally {
      await databases.stop();
    }
    if (!write)
      compare(
        onPostgres,
        ({ postgres, transaction }) => ({ queries: postgres, transaction }),
        (counted) => counted,
      );
  });

  test('the paths that must be fast', () => {
    for (const database of ['sqlite', 'postgres'] as const) {
      assert.ok(expectedCosts['GET manifest by tag, first time']![database] <= 1);
      for (const name of [
        'GET /v2/',
        'GET manifest by tag, again',
        'HEAD manifest by tag, again',
        'GET manifest by digest, again',
      ]) {
        assert.equal(expectedCosts[name]![database], 0, name);
      }
    }
  });

  // In its place in the file, after both have been measured.
  if (write) test('the table is written anew', writeTable);

  async function writeTable(): Promise<void> {
    const file = fileURLToPath(new URL('./expected.table.ts', import.meta.url));
    const rows = [...onSqlite].map(([name, { queries }]) => {
      const { queries: postgres, transaction } = onPostgres.get(name)!;
      return `  '${name}': { sqlite: ${queries}, postgres: ${postgres}, transaction: ${transaction} },\n`;
    });
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/(expectedCosts[^=]*= \{)[^;]*\};/s, `$1\n${rows.join('')}};`));
  }
});

function compare(
  measured: Measured,
  wanted: (cost: DatabaseCost) => Partial<Counted>,
  found: (counted: Counted) => Partial<Counted>,
): void {
  assert.deepEqual(
    Object.fromEntries([...measured].map(([name, counted]) => [name, found(counted)])),
    Object.fromEntries(Object.entries(expectedCosts).map(([name, cost]) => [name, wanted(cost)])),
  );
}
