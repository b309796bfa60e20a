/** Many times `kill -9` under load: nothing acknowledged is lost, nothing is half done. */
import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findFreePort } from '../black-box/longshore-process.ts';
import { createRandom } from '../black-box/random.ts';
import { onPostgresAndS3 } from '../support/test-stores.ts';
import { closingTable } from './closing-table.ts';
import { createReport } from './report.ts';
import { runTrial } from './run-trial.ts';
import { createKillStage } from './stage.ts';

/** A round takes longer where PostgreSQL and S3 are asked; `nodes.test.ts` adds its own there. */
const KILLS = onPostgresAndS3() ? 5 : 50;
const SEED = process.env.TORTURE_SEED ?? 'every run the same';

test(`${KILLS} kills`, async (t) => {
  const report = createReport();
  const port = await findFreePort();
  const evidence = join(tmpdir(), `longshore-evidence-${process.pid}`);
  await runTrial({
    rounds: KILLS,
    random: createRandom(SEED),
    report,
    clients: 16,
    longestLoadMs: 1_000,
    roundsPerStage: 25,
    evidence,
    createStage: async () => createKillStage({ port, data: await mkdtemp(join(tmpdir(), 'longshore-torture-')) }),
  });
  t.diagnostic(closingTable(report, 'kills').replaceAll('\n', ' '));
  assert.deepEqual(report.breaches, [], `evidence in ${evidence}, seed ${SEED}`);
  // A trial that did next to nothing proves nothing.
  assert.equal(report.readyMs.length, KILLS);
  assert.ok(report.acknowledged > KILLS * 10, `only ${report.acknowledged} changes were acknowledged`);
  assert.ok(report.inFlight > 0, 'no kill hit a change under way');
});
