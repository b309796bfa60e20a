/** `npm run torture`: the long run. See README.md for what it does and how to read a failure. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findFreePort } from '../black-box/longshore-process.ts';
import { createRandom } from '../black-box/random.ts';
import { closingTable, progressLine } from './closing-table.ts';
import { whyNoLoopDisks } from './loop-device.ts';
import { createPowerCutStage } from './power-cut-stage.ts';
import { createReport } from './report.ts';
import { runTrial } from './run-trial.ts';
import { createKillStage } from './stage.ts';

const USAGE = `npm run torture -- [--rounds N] [--power-cuts N] [--seed S] [--clients N] [--longest-load MS]
                   [--rounds-per-directory N] [--evidence DIRECTORY]

--rounds N       kill -9 under load, N times (default 50)
--power-cuts N   cut the power under load, N times (Linux, root), instead of --rounds
--seed S         the same seed gives every client the same plan (default: the time)`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    'power-cuts': { type: 'string' },
    seed: { type: 'string', default: String(Date.now()) },
    clients: { type: 'string', default: '16' },
    'longest-load': { type: 'string', default: '1500' },
    'rounds-per-directory': { type: 'string', default: '25' },
    evidence: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

const cuts = values['power-cuts'] !== undefined;
const reason = cuts ? await whyNoLoopDisks() : undefined;
if (reason !== undefined) {
  console.error(`Power cannot be cut here: ${reason}.`);
  process.exit(1);
}

const report = createReport();
const port = await findFreePort();
const evidence = values.evidence ?? (await mkdtemp(join(tmpdir(), 'longshore-evidence-')));
const rounds = Number(values['power-cuts'] ?? values.rounds);
const startedAt = performance.now();
console.log(`${rounds} ${cuts ? 'power cuts' : 'kills'}, seed ${values.seed}, ${values.clients} clients`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

try {
  await runTrial({
    rounds,
    random: createRandom(values.seed),
    report,
    clients: Number(values.clients),
    longestLoadMs: Number(values['longest-load']),
    roundsPerStage: Number(values['rounds-per-directory']),
    evidence,
    async createStage() {
      if (cuts) return createPowerCutStage({ port, megabytes: 4096 });
      return createKillStage({ port, data: await mkdtemp(join(tmpdir(), 'longshore-torture-')) });
    },
    onRound: (now) => progress(progressLine(now, rounds, performance.now() - startedAt)),
  });
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
if (process.stdout.isTTY) process.stdout.write('\n');
console.log(closingTable(report, cuts ? 'power cuts' : 'kills'));
if (report.breaches.length > 0) {
  for (const { round, kind, detail } of report.breaches.slice(0, 20)) console.log(`round ${round}: ${kind}: ${detail}`);
  console.log(`Evidence: ${evidence}. Again: --seed ${values.seed}`);
  process.exitCode = 1;
}

/** One line that is written over on a terminal; every 25th round a line of its own when piped. */
function progress(line: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${line}\u001b[K`);
  else if (report.round % 25 === 0) console.log(line);
}
