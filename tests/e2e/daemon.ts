/** A daemon that lives as long as a suite. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunOptions, tryProgram } from './run-program.ts';

export interface Daemon {
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Ends with 0 once the daemon answers. */
  readonly probe: readonly string[];
  readonly probeOptions?: RunOptions;
}

/** Throws with the daemon's output when it ends early or does not answer within 60 s. */
export async function startDaemon({ command, env, probe, probeOptions }: DaemonOptions): Promise<Daemon> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let failed: Error | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-20_000);
    });
  }
  child.once('error', (error) => {
    failed = error;
  });
  const stop = async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const forced = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(forced);
  };
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(100)) {
    if (failed !== undefined) throw failed;
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}:\n${output}`);
    if ((await tryProgram(probe, probeOptions)).code === 0) return { stop };
  }
  await stop();
  throw new Error(`${program} did not answer:\n${output}`);
}
