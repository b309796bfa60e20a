/** `bin/longshore` under a Node that is too old: it finds the one that the clone brought along, or says what to do. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { programPath } from '../support/spawn-server.ts';
import { scratchDirectory } from './run-longshore.ts';

/** The first Node below 24 on PATH. */
const oldNode = (process.env.PATH ?? '')
  .split(delimiter)
  .map((directory) => join(directory, 'node'))
  .find((path) => {
    if (!existsSync(path)) return false;
    const major = Number(/^v(\d+)/.exec(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout)?.[1]);
    return major < 24;
  });
const skip = oldNode === undefined ? 'no Node below 24 is on PATH' : false;

test('arguments, output and exit code go through to the bundled Node', { skip }, async () => {
  const run = (args: string[]) => spawnSync(oldNode!, [programPath, ...args], { encoding: 'utf8' });
  const { status, stdout, stderr } = run(['version']);
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /\(Node v2[4-9]\./);
  assert.equal(run(['version', '--nonsense']).status, 2);
});

test('a signal goes through, and the exit code comes back', { skip }, async (t) => {
  const data = await scratchDirectory(t);
  const child = spawn(oldNode!, [programPath, 'serve', '--data', data, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  assert.match(String(line), /"msg":"listening"/);
  const rest = text(child.stdout);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.match(await rest, /"msg":"ended"/);
});

test('where no other Node is found, it says what to do', { skip }, async (t) => {
  const alone = join(await scratchDirectory(t), 'longshore.mjs');
  cpSync(programPath, alone);
  const { status, stderr } = spawnSync(oldNode!, [alone, 'version'], { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stderr, /needs Node 24 or newer; this is v\d+[\s\S]*npm ci/);
});
