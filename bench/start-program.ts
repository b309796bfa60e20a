/** Starts somebody's server and waits until it answers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProgramStart {
  readonly command: readonly string[];
  readonly port: number;
  /** Asked until it answers with a status below 500. */
  readonly path: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface StartedProgram {
  readonly pid: number;
  readonly readyMs: number;
  stop(): Promise<void>;
}

/** Rejects, with what the program wrote last, when it ends or does not answer within two minutes. */
export async function startProgram({ command, port, path, environment }: ProgramStart): Promise<StartedProgram> {
  const startedAt = performance.now();
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000);
    });
  }
  const ended = once(child, 'exit');
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  void ended.then(() => process.removeListener('exit', killAtExit));
  while (!(await answers(`http://127.0.0.1:${port}${path}`))) {
    if (child.exitCode !== null || performance.now() - startedAt > 120_000) {
      child.kill('SIGKILL');
      throw new Error(`${command.join(' ')} does not answer:\n${output}`);
    }
    await sleep(2);
  }
  return {
    pid: child.pid!,
    readyMs: performance.now() - startedAt,
    async stop() {
      child.kill('SIGTERM');
      const hurry = setTimeout(killAtExit, 10_000);
      await ended;
      clearTimeout(hurry);
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.status < 500;
  } catch {
    return false;
  }
}
