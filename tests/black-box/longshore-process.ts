/** Longshore as a user starts it: a process of its own on a data directory, seen only through its port and its exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createHttpClient } from './http-client.ts';

/** The program, to be run by this very Node. */
export const BINARY = fileURLToPath(new URL('../../bin/longshore.mjs', import.meta.url));

/** The root key every trial uses, so that a data directory can be taken over by another process. */
export const ROOT_KEY = {
  accessKeyId: 'AKIATORTURETORTURE00',
  secretAccessKey: 'torture/torture/torture/torture/torture0',
};

export interface LongshoreOptions {
  readonly data: string;
  readonly port: number;
  /** Further flags of `serve`. */
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What must answer 200 before the start counts as done; /readyz when left out. A server that cannot store is alive but not ready. */
  readonly until?: '/readyz' | '/livez';
  /** A program in front, as `strace -f -o file`. */
  readonly under?: readonly string[];
}

export interface LongshoreProcess {
  readonly pid: number;
  readonly origin: string;
  /** From the start of the process to the first good answer of `until`. */
  readonly readyMs: number;
  /** `kill -9` of the whole process group; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP; resolves when no thread runs any more (system calls under way end first). */
  freeze(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** The last words of the process, for evidence. */
  output(): string;
}

/** Rejects with an Error that quotes the process when it ends or is not ready within a minute. */
export async function startLongshore(options: LongshoreOptions): Promise<LongshoreProcess> {
  const origin = `http://127.0.0.1:${options.port}`;
  const [program, ...args] = [
    ...(options.under ?? []),
    process.execPath,
    BINARY,
    'serve',
    '--data',
    options.data,
    '--listen',
    `127.0.0.1:${options.port}`,
    ...(options.flags ?? []),
  ];
  const startedAt = performance.now();
  const child = spawn(program!, args, {
    // A group of its own, so that a kill hits helpers of the server too.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...trialEnvironment(), ...options.environment },
  });
  const output = keepLastWords(child);
  const gone = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  // A trial that is interrupted leaves no server behind.
  const killAtExit = () => signalGroup(child, 'SIGKILL');
  process.once('exit', killAtExit);
  void gone.then(() => process.removeListener('exit', killAtExit));
  try {
    await untilReady(origin, options.until ?? '/readyz', child, output);
  } catch (error) {
    signalGroup(child, 'SIGKILL');
    throw error;
  }
  const readyMs = performance.now() - startedAt;
  return {
    pid: child.pid!,
    origin,
    readyMs,
    output,
    async kill() {
      signalGroup(child, 'SIGKILL');
      await gone;
    },
    async freeze() {
      signalGroup(child, 'SIGSTOP');
      while (!everyThreadStopped(child.pid!)) await sleep(1);
    },
    async stop() {
      signalGroup(child, 'SIGTERM');
      const [code] = await gone;
      return code;
    },
  };
}

/** The root key and what a program needs to run; nothing of what somebody exported for their own server. */
export function trialEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    LONGSHORE_ROOT_ACCESS_KEY_ID: ROOT_KEY.accessKeyId,
    LONGSHORE_ROOT_SECRET_ACCESS_KEY: ROOT_KEY.secretAccessKey,
  };
}

/**
 * A port on the loopback that nobody holds, below those that the system gives to outgoing connections: a trial must find
 * the same port free again after each kill.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    const probe = createServer();
    try {
      probe.listen(port, '127.0.0.1');
      await once(probe, 'listening');
      return port;
    } catch {
      // Held by somebody: try another.
    } finally {
      probe.close();
    }
  }
}

/** Resolves once something accepts connections there. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function untilReady(origin: string, path: string, child: ChildProcess, output: () => string): Promise<void> {
  const port = Number(new URL(origin).port);
  const http = createHttpClient(origin, { connections: 1 });
  try {
    for (const giveUpAt = performance.now() + 60_000; performance.now() < giveUpAt; await sleep(2)) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`Longshore ended at start:\n${output()}`);
      if (!(await accepts(port))) continue;
      const answer = await http.call({ method: 'GET', path }).catch(() => undefined);
      if (answer?.status === 200) return;
    }
    throw new Error(`Longshore was not ready within a minute:\n${output()}`);
  } finally {
    http.close();
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function everyThreadStopped(pid: number): boolean {
  // The state is the first letter after the program's name, which may itself hold brackets and blanks.
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
    return 'TtZX'.includes(stat.slice(stat.lastIndexOf(')') + 2)[0]!);
  });
}

function keepLastWords(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-64 * 1024);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => text;
}
