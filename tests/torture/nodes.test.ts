/** Three nodes on PostgreSQL and S3 under load, while nodes are killed and PostgreSQL crashes: nothing acknowledged is lost, nothing is half done. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRandom } from '../black-box/random.ts';
import { postgresProgramsMissing, startPostgresServer } from '../support/postgres-server.ts';
import { whyNotPostgresAndS3 } from '../support/test-stores.ts';
import { closingTable } from './closing-table.ts';
import { createNodesStage } from './nodes-stage.ts';
import { createReport } from './report.ts';
import { runTrial } from './run-trial.ts';

const DISASTERS = Number(process.env.TORTURE_DISASTERS ?? 8);
const SEED = process.env.TORTURE_SEED ?? 'every run the same';
const reason = whyNotPostgresAndS3() ?? postgresProgramsMissing();

test(`${DISASTERS} disasters on three nodes`, { skip: reason ?? false }, async (t) => {
  const report = createReport();
  const random = createRandom(SEED);
  const evidence = join(tmpdir(), `longshore-evidence-${process.pid}`);
  const directory = await mkdtemp(join(tmpdir(), 'longshore-torture-'));
  // Its own, because it is killed; with syncs off, as only the process dies, not the machine.
  const postgres = await startPostgresServer({ fsync: false });
  const met = new Map<string, number>();
  try {
    await runTrial({
      rounds: DISASTERS,
      random,
      report,
      clients: 16,
      longestLoadMs: 1_500,
      roundsPerStage: DISASTERS,
      evidence,
      createStage: () =>
        createNodesStage({
          directory,
          nodes: 3,
          random: random.fork('disasters'),
          disasters: ['one node', 'one node', 'PostgreSQL', 'all nodes'],
          postgres,
          note: (disaster) => met.set(disaster, (met.get(disaster) ?? 0) + 1),
        }),
    });
    t.diagnostic([...met].map(([disaster, times]) => `${disaster}: ${times}`).join(', '));
    t.diagnostic(closingTable(report, 'disasters').replaceAll('\n', ' '));
    assert.deepEqual(report.breaches, [], `evidence in ${evidence}, seed ${SEED}`);
    // A trial that did next to nothing proves nothing.
    assert.equal(report.readyMs.length, DISASTERS);
    assert.equal(met.size, 3);
    assert.ok(report.acknowledged > DISASTERS * 10, `only ${report.acknowledged} changes were acknowledged`);
    assert.ok(report.inFlight > 0, 'no disaster hit a change under way');
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
});
