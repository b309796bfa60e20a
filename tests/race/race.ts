/** `npm run race`: the long run. See README.md for what it does and how to read a failure. */
import { parseArgs } from 'node:util';
import { createRandom } from '../black-box/random.ts';
import { startRaceNodes } from './race-nodes.ts';
import { runRace } from './run-race.ts';

const USAGE = `npm run race -- [--seconds N] [--nodes N] [--clients N] [--seed S]

On SQLite and files; on PostgreSQL and S3 with: node scripts/with-test-stores.ts -- npm run race -- …

--seconds N   how long (default 60); judged and begun anew every half minute
--nodes N     servers, on SQLite workers of one server (default 3)
--seed S      the same seed gives every client the same plan (default: the time)`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    nodes: { type: 'string', default: '3' },
    clients: { type: 'string', default: '16' },
    seed: { type: 'string', default: String(Date.now()) },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

/** A history as long as an hour would take gigabytes to keep and judge. */
const HEAT_SECONDS = 30;

const seconds = Number(values.seconds);
const random = createRandom(values.seed);
console.log(`${seconds} s on ${values.nodes} nodes with ${values.clients} clients, seed ${values.seed}`);
const totals = new Map<string, number>();
for (let heat = 0; heat * HEAT_SECONDS < seconds; heat += 1) {
  const nodes = await startRaceNodes(Number(values.nodes));
  try {
    const report = await runRace({
      nodes: nodes.servers,
      credentials: nodes.servers[0]!,
      random: random.fork(heat),
      clients: Number(values.clients),
      milliseconds: 1000 * Math.min(HEAT_SECONDS, seconds - heat * HEAT_SECONDS),
    });
    for (const [what, times] of report.counts) totals.set(what, (totals.get(what) ?? 0) + times);
    totals.set('observations', (totals.get('observations') ?? 0) + report.observations);
    totals.set('problems', (totals.get('problems') ?? 0) + report.problems.length);
    console.log(`heat ${heat + 1}: ${report.observations} observations, ${report.problems.length} problems`);
    for (const problem of report.problems.slice(0, 10)) console.log(problem);
    if (report.problems.length > 0) process.exitCode = 1;
  } finally {
    await nodes.stop();
  }
}
console.log([...totals].map(([what, times]) => `${what}: ${times}`).join('\n'));
