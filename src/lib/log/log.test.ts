import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLog } from './create-log.ts';
import { openLogOutput } from './log-output.ts';
import { logText } from './log-text.ts';

function scratch(t: TestContext): { path: string; fd: number } {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-log-'));
  const path = join(directory, 'log');
  const fd = openSync(path, 'w');
  t.after(() => {
    closeSync(fd);
    rmSync(directory, { recursive: true });
  });
  return { path, fd };
}

test('lines come out in order, whole, at the latest with the flush', (t) => {
  const { path, fd } = scratch(t);
  const output = openLogOutput(fd);
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}\n`);
  for (const line of lines) output.write(line);
  output.flushSync();
  assert.equal(readFileSync(path, 'utf8'), lines.join(''));
});

test('lines come out by themselves', async (t) => {
  const { path, fd } = scratch(t);
  openLogOutput(fd).write('alone\n');
  while (readFileSync(path, 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(readFileSync(path, 'utf8'), 'alone\n');
});

test('more than anybody reads is dropped, and told', (t) => {
  const { path, fd } = scratch(t);
  const output = openLogOutput(fd);
  const line = `${'x'.repeat(2 ** 20)}\n`;
  for (let index = 0; index < 40; index++) output.write(line);
  output.flushSync();
  const written = readFileSync(path, 'utf8');
  assert.ok(written.length < 20 * 2 ** 20);
  assert.match(written, /"lines":\d+,"msg":"log lines were lost/);
});

test('JSON lines carry level, time and values', (t) => {
  const { path, fd } = scratch(t);
  const log = createLog({ level: 'info', format: 'auto' }, fd);
  log.logger.debug('not this');
  log.logger.info({ answer: 42 }, 'hello');
  log.flush();
  const { level, time, answer, msg } = JSON.parse(readFileSync(path, 'utf8'));
  assert.deepEqual([level, typeof time, answer, msg], [30, 'number', 42, 'hello']);
});

test('text is one line that cannot drive a terminal', () => {
  const text = logText(
    JSON.stringify({
      level: 40,
      time: 0,
      msg: 'request',
      status: 404,
      method: 'GET',
      path: '/\u001b[2Jx\n',
      edge: 'http',
    }),
  );
  assert.match(text, /^\d\d:\d\d:\d\d\.\d{3} WARN {2}404 GET http\/undefined \/\\u001b\[2Jx\\u000a /);
  assert.equal(text.indexOf('\n'), text.length - 1);
});

test('an error is shown with its stack, other values by name', () => {
  const text = logText(
    JSON.stringify({
      level: 50,
      time: 0,
      msg: 'failed',
      task: 'sweep',
      err: { message: 'no', stack: 'Error: no\n  at x' },
    }),
  );
  assert.match(text, /ERROR failed task=sweep\nError: no\n {2}at x\n$/);
});
