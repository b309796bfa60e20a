/** What `npm pack` makes is installed as a user would and serves. Needs the network for the dependencies, so `npm test` leaves it out. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../e2e/run-program.ts';
import { rawRequest } from '../support/raw-request.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the npm package', () => {
  let scratch = '';
  let files: string[] = [];
  let binary = '';

  after(() => rm(scratch, { recursive: true, force: true }));

  test('is packed and installed', async () => {
    scratch = await mkdtemp(join(tmpdir(), 'longshore-package-'));
    const pack = ['npm', 'pack', '--json', '--silent', '--pack-destination', scratch];
    // The build runs first and may say something; the description of the package follows it.
    const said = await runProgram(pack, { cwd: root });
    const [packed] = JSON.parse(said.slice(said.search(/^\[/m)));
    files = packed.files.map(({ path }: { path: string }) => path);
    const prefix = ['--prefix', join(scratch, 'prefix')];
    const tarball = join(scratch, packed.filename);
    await runProgram(['npm', 'install', '--global', '--silent', '--no-audit', '--no-fund', ...prefix, tarball]);
    binary = join(scratch, 'prefix', 'bin', 'longshore');
  });

  test('holds the program and its papers, neither sources nor tests nor a runtime', () => {
    const folders = new Set(files.map((path) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '.')));
    assert.deepEqual([...folders].toSorted(), ['.', 'bin', 'dist']);
    assert.deepEqual(
      files.filter((path) => /\.ts$|\.test\./.test(path)),
      [],
    );
    for (const paper of ['LICENSE', 'README.md', 'package.json']) assert.ok(files.includes(paper), paper);
  });

  test('says its version', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    const said = await runProgram([process.execPath, binary, 'version']);
    assert.ok(said.split(/\s+/).includes(version), said);
  });

  test('serves, and ends with 0 on SIGTERM', async () => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LONGSHORE_')));
    const flags = ['serve', '--data', join(scratch, 'data'), '--listen', '127.0.0.1:0'];
    const child = spawn(process.execPath, [binary, ...flags], { stdio: ['ignore', 'pipe', 'pipe'], env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const ended = once(child, 'exit');
    try {
      let port: string | undefined;
      for (const deadline = Date.now() + 30_000; port === undefined && Date.now() < deadline; await sleep(50)) {
        assert.equal(child.exitCode, null, output);
        port = /https?:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1];
      }
      assert.ok(port !== undefined, output);
      const { status, headers } = await rawRequest(`http://127.0.0.1:${port}`, 'GET', '/v2/');
      assert.equal(status, 401);
      assert.match(headers['www-authenticate'] ?? '', /^Basic /);
    } finally {
      child.kill('SIGTERM');
    }
    assert.deepEqual(await ended, [0, null], output);
  });
});
