/** Ten power cuts under load: what was acknowledged is on the disk, not only in the page cache. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findFreePort } from '../black-box/longshore-process.ts';
import { createRandom } from '../black-box/random.ts';
import { whyNotFiles } from '../support/test-stores.ts';
import { closingTable } from './closing-table.ts';
import { whyNoLoopDisks } from './loop-device.ts';
import { createPowerCutStage } from './power-cut-stage.ts';
import { createReport } from './report.ts';
import { runTrial } from './run-trial.ts';

const CUTS = 10;
const reason = whyNotFiles() ?? (await whyNoLoopDisks());
const SEED = process.env.TORTURE_SEED ?? 'every run the same';

test(`${CUTS} power cuts`, { skip: reason ?? false }, async (t) => {
  const report = createReport();
  const port = await findFreePort();
  const evidence = join(tmpdir(), `longshore-evidence-${process.pid}`);
  await runTrial({
    rounds: CUTS,
    random: createRandom(SEED),
    report,
    clients: 16,
    longestLoadMs: 1_000,
    roundsPerStage: 25,
    evidence,
    createStage: () => createPowerCutStage({ port, megabytes: 2048 }),
  });
  t.diagnostic(closingTable(report, 'power cuts').replaceAll('\n', ' '));
  assert.deepEqual(report.breaches, [], `evidence in ${evidence}, seed ${SEED}`);
  // A trial that did next to nothing proves nothing.
  assert.equal(report.readyMs.length, CUTS);
  assert.ok(report.acknowledged > CUTS * 10, `only ${report.acknowledged} changes were acknowledged`);
  assert.ok(report.inFlight > 0, 'no cut hit a change under way');
});
