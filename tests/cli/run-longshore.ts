/** The program as a user starts it: `bin/longshore`, with variables of the test's own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { programPath } from '../support/spawn-server.ts';

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Another Node than that of the test. */
  readonly node?: string;
}

export async function runLongshore(
  args: readonly string[],
  { env = {}, cwd, node = process.execPath }: RunOptions = {},
): Promise<Run> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(LONGSHORE|AWS)_/.test(name)));
  const child = spawn(node, [programPath, ...args], {
    env: { ...inherited, ...env },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, stdout, stderr };
}

export async function scratchDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-cli-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
