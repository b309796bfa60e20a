/** What the whole program asks of the kernel before a layer's 201: data on the disk, then its name, then the row. Seen by strace. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { makeContent } from '../black-box/content.ts';
import { whyNotFiles } from '../support/test-stores.ts';
import { startBlackBox } from './black-box-server.ts';
import { pushLayerAsDocker } from './push-as-docker.ts';

const reason = whyNotFiles() ?? whyNoStrace();

test('data, name and row are synced before the 201', { skip: reason ?? false }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-strace-'));
  const log = join(directory, 'calls');
  const calls = 'fsync,fdatasync,rename,renameat,renameat2,write,writev,sendto,sendmsg';
  try {
    {
      await using server = await startBlackBox({
        under: ['strace', '-f', '-y', '-s', '40', '-e', `trace=${calls}`, '-e', 'signal=none', '-o', log],
      });
      await server.trial.aws.call('CreateRepository', { repositoryName: 'app' });
      const answer = await pushLayerAsDocker(server.trial, 'app', makeContent('traced layer', 3 << 20));
      assert.equal(answer.status, 201, answer.body.toString());
      await server.process().stop();
    }
    const events = readCalls(await readFile(log, 'latin1'));
    const renamed = events.findIndex(({ call, text }) => call.startsWith('rename') && text.includes('/blobs/'));
    assert.notEqual(renamed, -1, 'the layer was never renamed');
    const [from, to] = [...events[renamed]!.text.matchAll(/"([^"]+)"/g)].map(([, path]) => path!) as [string, string];
    const answered = events.findIndex(({ text }, index) => index > renamed && text.includes('HTTP/1.1 201'));
    assert.notEqual(answered, -1, 'no 201 after the rename');

    const syncs = (path: string, after: number, before: number) =>
      events.slice(after, before).filter(({ call, text }) => /^f(data)?sync$/.test(call) && text.includes(`<${path}>`))
        .length;
    assert.ok(syncs(from, 0, renamed) > 0, `${from} was not synced before it was renamed`);
    assert.ok(syncs(dirname(to), renamed, answered) > 0, `${dirname(to)} was not synced after the rename`);
    const rowSynced = events.findIndex(
      ({ call, text }, index) => index > renamed && /^f(data)?sync$/.test(call) && text.includes('-wal>'),
    );
    assert.ok(rowSynced !== -1 && rowSynced < answered, 'the row was not synced before the 201');
    const directorySynced = events.findIndex(
      ({ call, text }, index) => index > renamed && /^f(data)?sync$/.test(call) && text.includes(`<${dirname(to)}>`),
    );
    assert.ok(directorySynced < rowSynced, 'the row was written before the name was safe');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

interface KernelCall {
  readonly call: string;
  readonly text: string;
}

/** In the order in which they ended, except that bytes count from when their write began: a promise is made by its first byte. */
function readCalls(log: string): KernelCall[] {
  const open = new Map<string, KernelCall>();
  const calls: KernelCall[] = [];
  for (const line of log.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const begun = /^(\w+)\((.*) <unfinished \.\.\.>$/.exec(rest);
    const resumed = /^<\.\.\. \w+ resumed>/.test(rest);
    const whole = /^(\w+)\((.*)$/.exec(rest);
    if (begun !== null) {
      const call = { call: begun[1]!, text: begun[2]! };
      if (/^(write|writev|sendto|sendmsg)$/.test(call.call)) calls.push(call);
      else open.set(thread, call);
    } else if (resumed) {
      const call = open.get(thread);
      if (call !== undefined) calls.push(call);
      open.delete(thread);
    } else if (whole !== null) calls.push({ call: whole[1]!, text: whole[2]! });
  }
  return calls;
}

function whyNoStrace(): string | undefined {
  const tried = spawnSync('strace', ['-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (tried.error !== undefined) return 'strace is not installed';
  return tried.status === 0 ? undefined : `strace may not trace here: ${tried.stderr.split('\n')[0]}`;
}
