/** The race proves something only if it notices: each kind of lie that broken registries tell is found out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../black-box/random.ts';
import { type Lie, startLyingNode } from './lying-node.ts';
import { startRaceNodes } from './race-nodes.ts';
import { runRace } from './run-race.ts';

const LIES: Readonly<Record<Lie, RegExp>> = {
  'stale cache': /^tag .* no order explains .*(GET|HEAD)/,
  'late delete': /^(tag|image) .* no order explains/,
  'lost push': /^(tag|image) .* no order explains/,
  'lost layer': /^dangling: /,
  'stale list': /^(tag|image) .* no order explains .*ListImages/,
};

for (const [lie, words] of Object.entries(LIES) as [Lie, RegExp][]) {
  test(`a node with a ${lie} is found out`, async () => {
    // Nothing is collected: the lies are about other things, and come to light sooner so.
    const nodes = await startRaceNodes(1, ['--layer-grace-period=1h']);
    try {
      const truth = nodes.servers[0]!;
      await using liar = await startLyingNode(truth.origin, lie);
      const report = await runRace({
        nodes: [truth, liar],
        credentials: truth,
        random: createRandom(lie),
        clients: 8,
        milliseconds: 2_500,
        // What each lie is told about.
        atLeast: { 'tags read': 100, 'parts read': 100, 'images deleted': 8, 'lists read': 15 },
      });
      const found = report.problems.filter((problem) => words.test(problem));
      assert.ok(found.length > 0, `went unnoticed; said instead: ${report.problems.slice(0, 3).join('\n')}`);
    } finally {
      await nodes.stop();
    }
  });
}
