/** Sixteen clients race on all nodes: every tag, image and repository is linearizable, and no image is ever without what it needs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../black-box/random.ts';
import { startRaceNodes } from './race-nodes.ts';
import { runRace } from './run-race.ts';

const SEED = process.env.RACE_SEED ?? String(Date.now());

test('a race on three nodes', async (t) => {
  const nodes = await startRaceNodes(3);
  try {
    const report = await runRace({
      nodes: nodes.servers,
      credentials: nodes.servers[0]!,
      random: createRandom(SEED),
      clients: 16,
      milliseconds: 20_000,
    });
    t.diagnostic(`seed ${SEED}, ${report.observations} observations`);
    t.diagnostic([...report.counts].map(([what, times]) => `${what}: ${times}`).join(', '));
    assert.deepEqual(report.problems, [], `seed ${SEED}`);
    // A race in which next to nothing happened proves nothing.
    for (const what of ['tags read', 'parts read', 'layers brought', 'tags deleted', 'images deleted']) {
      assert.ok((report.counts.get(what) ?? 0) > 20, `${what}: only ${report.counts.get(what) ?? 0}`);
    }
    assert.ok((report.counts.get('repositories deleted') ?? 0) > 3);
  } finally {
    await nodes.stop();
  }
});
