/** Rounds of load, crash, restart and check on one stage; the data directory is made anew every few rounds. */
import { execFile } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { BINARY, trialEnvironment } from '../black-box/longshore-process.ts';
import type { Random } from '../black-box/random.ts';
import { check } from './check.ts';
import { checkSweep, SWEEP_FLAGS } from './check-sweep.ts';
import { runClient } from './load.ts';
import type { Report } from './report.ts';
import type { Running, Stage } from './stage.ts';
import { createTrial, logIn, type Trial } from './trial.ts';

const run = promisify(execFile);

export interface TrialOptions {
  readonly rounds: number;
  readonly random: Random;
  readonly report: Report;
  readonly clients: number;
  /** A round's load lasts up to so long before the crash. */
  readonly longestLoadMs: number;
  /** After so many rounds everything is checked and a new data directory is begun, so that the disk does not fill up. */
  readonly roundsPerStage: number;
  readonly createStage: () => Promise<Stage>;
  /** Where data and journal go when a round breaks a promise. */
  readonly evidence: string;
  readonly onRound?: (report: Report) => void;
}

/** Resolves when all rounds are done; what was found is in the report. Rejects when the server cannot be started again. */
export async function runTrial(options: TrialOptions): Promise<void> {
  for (let first = 1; first <= options.rounds; first += options.roundsPerStage) {
    const last = Math.min(options.rounds, first + options.roundsPerStage - 1);
    const stage = await options.createStage();
    try {
      await playStage(options, stage, first, last);
    } catch (error) {
      await keepEvidence(options, stage, error);
      throw error;
    } finally {
      await stage.dispose();
    }
  }
}

async function playStage(options: TrialOptions, stage: Stage, first: number, last: number): Promise<void> {
  const { report } = options;
  let server = await stage.start();
  const trial = createTrial(stage.origins, report);
  try {
    await logIn(trial);
    for (let round = first; round <= last; round += 1) {
      report.round = round;
      const before = report.breaches.length;
      const random = options.random.fork(round);
      await loadAndCrash(options, trial, stage, server, random);
      server = await stage.start();
      report.readyMs.push(server.readyMs);
      trial.crashed = false;
      await check(trial, random.fork('check'), { everything: round === last });
      if (report.breaches.length > before) await keepEvidence(options, stage, undefined, server);
      options.onRound?.(report);
    }
    const before = report.breaches.length;
    const code = await server.stop();
    if (code !== 0)
      report.breach('unexpected answer', `SIGTERM after the last round: exit code ${code}\n${server.output()}`);
    await verify(stage, report);
    server = await stage.start(SWEEP_FLAGS);
    await checkSweep(trial, stage.objects);
    await check(trial, options.random.fork('swept'), { everything: true });
    if (report.breaches.length > before) await keepEvidence(options, stage, undefined, server);
  } finally {
    trial.http.close();
    await server.kill();
  }
}

async function loadAndCrash(
  options: TrialOptions,
  trial: Trial,
  stage: Stage,
  server: Running,
  random: Random,
): Promise<void> {
  trial.stopping = false;
  const { round } = trial.report;
  const clients = Array.from({ length: options.clients }, (_, client) =>
    runClient(trial, random.fork(client), `round ${round} client ${client}`),
  );
  // A client that fails for a reason of its own must not wait for the crash to be heard.
  await Promise.race([sleep(random.fraction() * options.longestLoadMs), Promise.all(clients)]);
  trial.crashed = true;
  trial.report.note('crash');
  await stage.crash(server);
  trial.stopping = true;
  await Promise.all(clients);
}

/** `longshore verify` re-reads everything; it must find nothing amiss. */
async function verify(stage: Stage, report: Report): Promise<void> {
  try {
    await run(process.execPath, [BINARY, 'verify', '--data', stage.data], {
      env: { ...trialEnvironment(), ...stage.environment },
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    report.breach('verify failed', `${stdout}\n${stderr}`.slice(0, 4_000));
  }
}

async function keepEvidence(options: TrialOptions, stage: Stage, error: unknown, server?: Running): Promise<void> {
  const { report, evidence } = options;
  const directory = join(evidence, `round-${report.round}`);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'journal.txt'), `${report.journal.join('\n')}\n`);
  await writeFile(join(directory, 'breaches.json'), JSON.stringify(report.breaches, undefined, 2));
  await writeFile(
    join(directory, 'server.txt'),
    `${server?.output() ?? ''}\n${error instanceof Error ? error.stack : ''}`,
  );
  // The server may be running: what is copied is good enough to look into, not to be started again.
  await cp(stage.data, join(directory, 'data'), { recursive: true }).catch(() => undefined);
}
