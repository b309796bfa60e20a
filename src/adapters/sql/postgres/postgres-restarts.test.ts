/** PostgreSQL restarted under load: nothing is lost, nothing is half done, and the engine heals by itself. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { appendTag, checkAgainst } from '../../../../tests/support/append-tag.ts';
import { openNode } from '../../../../tests/support/postgres-metadata.ts';
import {
  type PostgresServer,
  postgresProgramsMissing,
  startPostgresServer,
} from '../../../../tests/support/postgres-server.ts';
import { addRepository } from '../../../ports/metadata-contract/samples.ts';

describe('PostgreSQL restarts', { skip: postgresProgramsMissing() ?? false }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgresServer();
  });
  after(() => server?.stop());

  for (const how of ['fast', 'immediate', 'kill'] as const) {
    test(`an end that is “${how}”, under load from two nodes`, async (t) => {
      const url = await server.createDatabase();
      const nodes = [await openNode(url, { retryTimeMs: 15_000 }), await openNode(url, { retryTimeMs: 300 })];
      t.after(() => Promise.all(nodes.map((node) => node.close())));
      const repository = await addRepository(nodes[0]!);
      const outcomes: PromiseSettledResult<string>[] = [];
      let loading = true;
      const load = nodes.flatMap((node, index) =>
        [1, 2, 3].map(async (client) => {
          for (let count = 0; loading; count += 1) {
            outcomes.push(...(await Promise.allSettled([appendTag(node, repository, `${index} ${client} ${count}`)])));
          }
        }),
      );
      const acknowledged = () => outcomes.filter(({ status }) => status === 'fulfilled').length;
      const until = async (condition: () => boolean) => {
        while (!condition()) await new Promise((next) => setTimeout(next, 5));
      };
      await until(() => acknowledged() > 20);
      await server.end(how);
      await assert.rejects(nodes[1]!.ping(), { name: 'MetadataUnavailable' });
      await assert.rejects(
        nodes[1]!.read((tx) => tx.uploads.count()),
        { name: 'MetadataUnavailable' },
      );
      const before = acknowledged();
      await server.start();
      await until(() => acknowledged() > before + 20);
      loading = false;
      await Promise.all(load);
      await checkAgainst(nodes[0]!, repository, outcomes);
      for (const node of nodes) await node.ping();
    });
  }

  test('a node that starts before PostgreSQL waits for it', async (t) => {
    const url = await server.createDatabase();
    await server.end();
    const opening = openNode(url, { retryTimeMs: 60_000 });
    await server.start();
    const node = await opening;
    t.after(() => node.close());
    await node.ping();
  });
});
