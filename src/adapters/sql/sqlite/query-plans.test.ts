/** No statement reads a whole table that grows: SQLite's own plan of each says so. */
import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { sqliteDialect } from '../dialects/sqlite.ts';
import { fillForPlans } from '../fill-for-plans.ts';
import '../metadata-tx.ts';
import { statements } from '../statement.ts';
import { connectSqlite } from './sqlite-connection.ts';

/** Lines of plans that may stand although they scan or sort, and why. */
const allowed: readonly { readonly line: RegExp; readonly in: RegExp; readonly because: string }[] = [
  { line: /^SCAN json_each VIRTUAL TABLE/, in: /./, because: 'the elements of an argument' },
  { line: /^SCAN accounts$/, in: /^accounts\.list$/, because: 'a person asks, and gets all of them' },
  { line: /^USE TEMP B-TREE FOR ORDER BY$/, in: /^accounts\.list$/, because: 'a person asks, and gets all of them' },
  {
    line: /^SCAN uploads USING COVERING INDEX/,
    in: /^uploads\.count$/,
    because: 'only uploads under way have a row',
  },
  {
    line: /^SCAN repositories USING COVERING INDEX repositories_deleted$/,
    in: /^(?:repositories\.findDeleted|garbage\.count \(images\))$/,
    because: 'the index holds nothing but what is to be purged, and a few rows are enough',
  },
  {
    line: /^SCAN (?:some|blobs USING COVERING INDEX blobs_not_shown)$/,
    in: /^garbage\.count/,
    because: 'counts what is to be collected, up to a limit',
  },
  {
    line: /^SCAN blobs USING COVERING INDEX blobs_damaged$/,
    in: /^blobs\.countDamaged$/,
    because: 'the index holds nothing but what is damaged',
  },
  {
    line: /^SCAN blobs$/,
    in: /^blobs\.lastId$/,
    because: 'from the end, and the first row is enough',
  },
  { line: /^SCAN (?:abandoned|due)$/, in: /^jobs\.isDue$/, because: 'one row at most' },
  {
    line: /^USE TEMP B-TREE FOR ORDER BY$/,
    in: /^jobs\.(?:isDue|claimDue)$/,
    because: 'after an ANALYZE, with a thousand jobs that wait: it sorts those',
  },
  {
    line: /^SCAN jobs$/,
    in: /^jobs\.statistics$/,
    because: 'after an ANALYZE: done jobs are pruned, so that the table does not grow with what is stored',
  },
  {
    line: /^USE TEMP B-TREE FOR GROUP BY$/,
    in: /^jobs\.statistics$/,
    because: 'counts what is not done, once per scrape',
  },
  {
    line: /^USE TEMP B-TREE FOR json_group_array\(ORDER BY\)$/,
    in: /^images\./,
    because: 'the tags or layers of one image',
  },
];

describe('query plans', () => {
  const used = new Set<object>();
  const opened: DatabaseSync[] = [];
  after(() => {
    for (const db of opened) db.close();
  });

  for (const { name, fill } of [
    { name: 'an empty database', fill: [] },
    // What SQLite knows of the numbers of rows may lead it elsewhere.
    {
      name: 'a database of 100,000 images',
      fill: ['pragma foreign_keys = off', ...fillForPlans({ noBytes: "x''" }), 'analyze'],
    },
  ]) {
    describe(name, () => {
      const db = connectSqlite(':memory:');
      opened.push(db);
      before(() => {
        for (const sql of fill) db.exec(sql);
      });

      for (const statement of statements) {
        test(`${statement.name} searches`, () => {
          const { sql } = statement.compile(sqliteDialect);
          const plan = db.prepare(`explain query plan ${sql}`).all() as { detail: string }[];
          for (const { detail } of plan) {
            if (!/^SCAN|TEMP B-TREE|AUTOMATIC/.test(detail)) continue;
            const exception = allowed.find((each) => each.line.test(detail) && each.in.test(statement.name));
            assert.ok(exception, `${detail}\nin ${sql}`);
            used.add(exception);
          }
        });
      }
    });
  }

  test('every exception is still needed, and every statement has a name of its own', () => {
    assert.deepEqual(
      allowed.filter((each) => !used.has(each)),
      [],
    );
    const names = statements.map((statement) => statement.name);
    assert.deepEqual(names, [...new Set(names)]);
    assert.ok(names.length > 40);
  });
});
