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
      atLeast: {
        'tags read': 50,
        'parts read': 100,
        'layers brought': 50,
        'tags deleted': 10,
        'images deleted': 10,
        'repositories deleted': 2,
      },
    });
    t.diagnostic(`seed ${SEED}, ${report.observations} observations`);
    t.diagnostic([...report.counts].map(([what, times]) => `${what}: ${times}`).join(', '));
    assert.deepEqual(report.problems, [], `seed ${SEED}`);
  } finally {
    await nodes.stop();
  }
});
