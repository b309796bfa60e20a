/** Runs a program to its end and keeps what it said. */
import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
  /** A client that hangs is a failure; 120 s when left out. */
  readonly timeoutMs?: number;
}

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program ended with something else than 0. The message holds all it wrote, which is what tests of refusals match. */
export class ProgramFailed extends Error {
  override readonly name = 'ProgramFailed';
  readonly run: Run;

  constructor(command: readonly string[], run: Run) {
    super(`${command.join(' ')} ended with ${run.code}\n${run.stdout}\n${run.stderr}`);
    this.run = run;
  }
}

/** Throws ProgramFailed unless the program ends with 0. Answers its standard output without the last line break. */
export async function runProgram(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const run = await tryProgram(command, options);
  if (run.code !== 0) throw new ProgramFailed(command, run);
  return run.stdout.trimEnd();
}

/** Whatever the exit code is. Throws only when the program cannot be started. */
export function tryProgram(command: readonly string[], options: RunOptions = {}): Promise<Run> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 120_000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, stdout, stderr: signal === null ? stderr : `${stderr}\n(ended by ${signal})` }),
    );
    // A program that reads nothing closes its end; that is no failure of ours.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}
