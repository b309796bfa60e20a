/** The PostgreSQL of the tests: what is committed there survives every way of ending it, and nothing of it stays behind. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { type PostgresServer, postgresProgramsMissing, startPostgresServer } from './postgres-server.ts';

describe('a private PostgreSQL', { skip: postgresProgramsMissing() }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgresServer();
  });
  after(() => server.stop());

  for (const how of ['fast', 'immediate', 'kill'] as const) {
    test(`keeps what was committed over an end that is “${how}”`, async () => {
      const url = await server.createDatabase();
      await query(url, `create table kept as select '${how}' as how`);
      await server.end(how);
      await assert.rejects(query(url, 'select 1'));
      await server.start();
      assert.deepEqual(await query(url, 'select how from kept'), [{ how }]);
      await server.dropDatabase(url);
      await assert.rejects(query(url, 'select 1'), { code: '3D000' });
    });
  }

  test('copies a database', async () => {
    const template = await server.createDatabase();
    await query(template, 'create table kept as select 1 as one');
    const copy = await server.createDatabase(template);
    assert.deepEqual(await query(copy, 'select one from kept'), [{ one: 1 }]);
  });
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
