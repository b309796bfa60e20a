/** No statement reads a whole table that grows: PostgreSQL's own plans of each, in a database of 100,000 images, say so. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { type MigratedDatabases, openMigratedDatabases } from '../../../../tests/support/postgres-metadata.ts';
import { postgresMissing } from '../../../../tests/support/postgres-server.ts';
import { postgresDialect } from '../dialects/postgres.ts';
import { argumentsForPlans, fillForPlans } from '../fill-for-plans.ts';
import '../metadata-tx.ts';
import { statements } from '../statement.ts';

/** What may stand in a plan although it reads or sorts much, and why. */
const allowed: readonly { readonly step: RegExp; readonly in: RegExp; readonly because: string }[] = [
  { step: /^(?:Seq Scan on accounts|Sort)$/, in: /^accounts\.list$/, because: 'a person asks, and gets all of them' },
  {
    step: /^Seq Scan on (?:layers|blobs)$/,
    in: /^garbage\.sumLayersOf$/,
    because: 'a dry run adds up all layers of a repository, here of one that has most of them',
  },
  { step: /^Seq Scan on uploads$/, in: /^uploads\.count$/, because: 'only uploads under way have a row' },
  {
    step: /^Index (?:Only )?Scan on (?:repositories|blobs)$/,
    in: /^(?:repositories\.findDeleted|garbage\.count|blobs\.countDamaged)/,
    because: 'the index holds nothing but what is to be removed or mended',
  },
  {
    step: /^Index (?:Only )?Scan on blobs$/,
    in: /^blobs\.lastId$/,
    because: 'from the end, and the first row is enough',
  },
];

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Plan Rows': number;
  readonly 'Total Cost': number;
  readonly Plans?: readonly Plan[];
}

describe('query plans on PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  let databases: MigratedDatabases;
  let client: pg.Client;
  before(async () => {
    databases = await openMigratedDatabases();
    client = new pg.Client({ connectionString: await databases.create() });
    await client.connect();
    // The rows are good: their references need not be looked up one by one.
    await client.query('set session_replication_role = replica');
    for (const sql of fillForPlans({ noBytes: "''" })) await client.query(sql);
    await client.query('vacuum analyze');
  });
  after(async () => {
    await client?.end();
    await databases?.stop();
  });
  const used = new Set<object>();

  for (const statement of statements) {
    for (const lock of statement.locks === undefined ? [undefined] : [undefined, 'exclusive' as const]) {
      test(`${statement.name} searches${lock === undefined ? '' : ' and locks'}`, async () => {
        const { sql, bind } = statement.compile(postgresDialect, lock);
        const values = bind(argumentsForPlans);
        const check = (plan: Plan) => {
          for (const step of costlySteps(plan)) {
            const exception = allowed.find((each) => each.step.test(step) && each.in.test(statement.name));
            assert.ok(exception, `${step}\nin ${sql}\n${JSON.stringify(plan, undefined, 1)}`);
            used.add(exception);
          }
        };
        // With these values, as the first times; and for any values, as PostgreSQL does later unless it thinks that dearer.
        const custom = planOf(await client.query(`explain (format json) ${sql}`, values));
        check(custom);
        await client.query('set plan_cache_mode = force_generic_plan');
        await client.query(`prepare asked as ${sql}`);
        const nulls = values.length === 0 ? '' : `(${values.map(() => 'null').join(', ')})`;
        const generic = planOf(await client.query(`explain (format json) execute asked${nulls}`));
        await client.query('deallocate asked; reset plan_cache_mode');
        if (generic['Total Cost'] <= custom['Total Cost'] + planningCost) check(generic);
      });
    }
  }

  test('every exception is still needed', () => {
    assert.deepEqual(
      allowed.filter((each) => !used.has(each)),
      [],
    );
    assert.ok(statements.length > 40);
  });
});

function planOf(result: pg.QueryResult): Plan {
  return result.rows[0]['QUERY PLAN'][0].Plan;
}

/** About what PostgreSQL counts for making a plan anew. */
const planningCost = 20;

/** Enough for every page that anybody asks for. */
const manyRows = 5_000;

/** A row for each node or name. */
const small = new Set(['installation', 'schedules', 'nodes']);

function costlySteps(plan: Plan): string[] {
  const type = plan['Node Type'];
  if (small.has(plan['Relation Name'] ?? '')) return [];
  const reads = type.endsWith('Seq Scan') || (/^Index (?:Only )?Scan/.test(type) && plan['Index Cond'] === undefined);
  const sorts = type === 'Sort' && plan['Plan Rows'] > manyRows;
  const own = reads || sorts ? [[type, plan['Relation Name']].filter(Boolean).join(' on ')] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(costlySteps)];
}
