/** The trials prove something only if they notice: a store that loses files is found out, and a power cut really takes bytes away. */
import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findFreePort } from '../black-box/longshore-process.ts';
import { createRandom } from '../black-box/random.ts';
import { createLoopDisk, whyNoLoopDisks } from './loop-device.ts';
import { countBreaches, createReport } from './report.ts';
import { runTrial } from './run-trial.ts';
import { createKillStage, type Stage } from './stage.ts';

test('a store that loses files at a kill is found out', async () => {
  const report = createReport();
  const port = await findFreePort();
  const evidence = await mkdtemp(join(tmpdir(), 'longshore-evidence-'));
  const createStage = async (): Promise<Stage> => {
    const stage = await createKillStage({ port, data: await mkdtemp(join(tmpdir(), 'longshore-torture-')) });
    return {
      ...stage,
      async crash(server) {
        await stage.crash(server);
        for (const name of await stage.objects.list()) await stage.objects.remove(name);
      },
    };
  };
  try {
    await runTrial({
      rounds: 1,
      random: createRandom('forgetful'),
      report,
      clients: 8,
      // The seed draws a load of some length from this.
      longestLoadMs: 6_000,
      roundsPerStage: 1,
      evidence,
      createStage,
    });
    assert.ok(countBreaches(report, 'lost') > 0, 'lost layers went unnoticed');
    assert.ok(countBreaches(report, 'verify failed') > 0, 'longshore verify did not notice either');
    assert.match(await readFile(join(evidence, 'round-1', 'breaches.json'), 'utf8'), /lost/);
  } finally {
    await rm(evidence, { recursive: true, force: true });
  }
});

const reason = await whyNoLoopDisks();

test('a power cut takes what was not synced and leaves what was', { skip: reason ?? false }, async () => {
  const disk = await createLoopDisk(64);
  const [synced, unsynced] = [join(disk.directory, 'synced'), join(disk.directory, 'unsynced')];
  try {
    await writeFile(synced, 'kept');
    for (const path of [synced, disk.directory]) {
      const handle = await open(path);
      await handle.sync();
      await handle.close();
    }
    await writeFile(unsynced, 'gone');
    await disk.losePower(async () => undefined);
    assert.equal(await readFile(synced, 'utf8'), 'kept');
    await assert.rejects(readFile(unsynced), { code: 'ENOENT' });
  } finally {
    await disk.dispose();
  }
});
