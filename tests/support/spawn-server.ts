/** The real program as a child process, as a user starts it: for tests with real clients and for those that kill it. Imports nothing of src. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fetchDockerToken } from './call-ecr.ts';
import { rawRequest } from './raw-request.ts';
import { storesFor, type TestStores } from './test-stores.ts';

export interface SpawnOptions {
  /** Kept by `stop` when given; else a new one is made and removed. */
  readonly dataDirectory?: string;
  /** Left in place by `stop`; several servers may share them. When left out: what TEST_STORES says, for this data directory. */
  readonly stores?: TestStores;
  /** Further `LONGSHORE_…` variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further flags of `serve`. */
  readonly flags?: readonly string[];
  /** The same port again after a restart; a free one when left out. */
  readonly port?: number;
  /** A program put in front, such as `['strace', '-f', '-o', file]`. */
  readonly wrapper?: readonly string[];
  readonly readyWithinMs?: number;
}

export interface SpawnedServer {
  /** `http://127.0.0.1:<port>`, or https with the flags for it. */
  readonly origin: string;
  /** `localhost:<port>`, which docker and most others take for safe without TLS. */
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly accountId: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly dataDirectory: string;
  /** What the program has written so far, both streams. */
  output(): string;
  /** Asks for a docker password of the root key. */
  dockerToken(): Promise<string>;
  /** `kill -9`; resolves when the process is gone. Leaves the data. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code once it has drained. Throws when it takes longer than 30 s. Leaves the data. */
  terminate(): Promise<number | null>;
  /** Ends it in whatever state it is and removes the data directory if it was made here. */
  stop(): Promise<void>;
}

export const programPath = fileURLToPath(new URL('../../bin/longshore.mjs', import.meta.url));

const accountId = '000000000000';
const region = 'us-east-1';
const credentials = {
  accessKeyId: 'AKIALONGSHORETESTKEY',
  secretAccessKey: 'a-secret-that-only-the-tests-know-000001',
};

/** Throws with the program's output when it ends early or is not ready in time. */
export async function spawnServer(options: SpawnOptions = {}): Promise<SpawnedServer> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'longshore-')));
  const stores = options.stores ?? (await storesFor(dataDirectory));
  const command = [
    ...(options.wrapper ?? []),
    process.execPath,
    programPath,
    'serve',
    '--data',
    dataDirectory,
    '--listen',
    `127.0.0.1:${options.port ?? 0}`,
    ...(options.flags ?? []),
  ];
  const child = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...withoutOurVariables(process.env),
      LONGSHORE_ACCOUNT_ID: accountId,
      LONGSHORE_REGION: region,
      LONGSHORE_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
      LONGSHORE_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...stores.environment,
      ...options.env,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      // The end is what a failure needs; a long load must not fill the memory of the test with access logs.
      output = (output + text).slice(-200_000);
    });
  }
  const removeData = async () => {
    if (options.dataDirectory !== undefined) return;
    await rm(dataDirectory, { recursive: true, force: true });
    if (options.stores === undefined) await stores.dispose();
  };
  try {
    const origin = await untilReady(child, () => output, options);
    const port = Number(new URL(origin).port);
    return {
      origin,
      host: `localhost:${port}`,
      port,
      pid: child.pid ?? 0,
      accountId,
      region,
      ...credentials,
      dataDirectory,
      output: () => output,
      dockerToken: () => fetchDockerToken(origin, credentials, { region }),
      kill: () => end(child, 'SIGKILL').then(() => undefined),
      terminate: () => end(child, 'SIGTERM'),
      stop: async () => {
        await end(child, 'SIGTERM').catch(() => end(child, 'SIGKILL'));
        await removeData();
      },
    };
  } catch (error) {
    await end(child, 'SIGKILL');
    await removeData();
    throw error;
  }
}

/** A free port is read from the line that says where it listens: nobody else can take it in between. */
async function untilReady(
  child: ChildProcess,
  output: () => string,
  { port = 0, readyWithinMs: withinMs = 30_000, flags = [] }: SpawnOptions,
): Promise<string> {
  // The line is not there when the log is quiet; a port that is known needs none.
  const known = port > 0 && !flags.includes('--tls-cert') ? `http://127.0.0.1:${port}` : undefined;
  const deadline = Date.now() + withinMs;
  let failed: Error | undefined;
  child.once('error', (error) => {
    failed = error;
  });
  while (Date.now() < deadline) {
    if (failed !== undefined) throw failed;
    if (hasEnded(child)) throw new Error(`the server ended with ${child.exitCode ?? child.signalCode}:\n${output()}`);
    const origin = known ?? /https?:\/\/127\.0\.0\.1:\d+/.exec(output())?.[0];
    if (origin !== undefined && (await isReady(origin))) return origin;
    await sleep(20);
  }
  throw new Error(`the server was not ready after ${withinMs} ms:\n${output()}`);
}

async function isReady(origin: string): Promise<boolean> {
  try {
    return (await rawRequest(origin, 'GET', '/readyz')).status === 200;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  if (hasEnded(child) || child.pid === undefined) return child.exitCode;
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(30_000) });
  child.kill(signal);
  await ended;
  return child.exitCode;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** What somebody exported in their shell must not reach the server under test. */
function withoutOurVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(LONGSHORE|AWS)_/.test(name)));
}
