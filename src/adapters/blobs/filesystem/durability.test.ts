/**
 * Durability as the kernel sees it: the order of system calls, taken with strace. What is checked is that of the design, section 4: data
 * synced before the append resolves and before the rename, directories synced after names were made in them.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const strace = process.platform === 'linux' && spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
const skip = strace ? false : 'strace is not on PATH or may not trace';

interface Call {
  readonly name: string;
  readonly text: string;
  /** Lines of the trace on which the call began and returned. */
  readonly began: number;
  readonly returned: number;
}

/** Reads `strace -f` output, joining calls that other threads interrupted. */
function parseTrace(trace: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<string, { text: string; began: number }>();
  for (const [at, line] of trace.split('\n').entries()) {
    const [, pid, rest] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (!pid || !rest) continue;
    const interrupted = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1];
    if (interrupted !== undefined) {
      open.set(pid, { text: interrupted, began: at });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    const start = resumed === undefined ? undefined : open.get(pid);
    const text = start ? start.text + resumed : rest;
    const name = /^(\w+)\(/.exec(text)?.[1];
    if (name) calls.push({ name, text, began: start?.began ?? at, returned: at });
  }
  return calls;
}

/** One upload in a process of its own, which says when append and commit have resolved. */
const SCRIPT = `
const { writeSync } = await import('node:fs');
const { Readable } = await import('node:stream');
const { createHash, randomBytes } = await import('node:crypto');
const { openFilesystemBlobs } = await import(process.env.STORE_MODULE);
const blobs = await openFilesystemBlobs({ directory: process.env.STORE_DIRECTORY });
writeSync(1, 'OPENED');
const bytes = randomBytes(Number(process.env.STORE_SIZE));
const upload = { key: blobs.startUpload(), state: '' };
const { state } = await blobs.append(upload, 0, Readable.from([bytes]), { algorithm: 'sha256', limit: 1e9 });
writeSync(1, 'APPENDED');
await blobs.commit({ ...upload, state }, { digest: 'sha256:' + createHash('sha256').update(bytes).digest('hex'), size: bytes.length });
writeSync(1, 'COMMITTED');
await blobs.close();
`;

for (const [what, size] of [
  ['a small upload', 100_000],
  ['a large upload', 20_000_000],
] as const) {
  test(`system calls of ${what} come in the order that power cuts need`, { skip }, async () => {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'longshore-strace-')));
    try {
      const directory = join(root, 'blobs');
      const output = join(root, 'trace');
      const traced =
        'trace=openat,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat';
      await run(
        'strace',
        ['-f', '-y', '-s', '64', '-e', traced, '-o', output, process.execPath, '--input-type=module', '-e', SCRIPT],
        {
          env: {
            ...process.env,
            // So that every call goes through the threads that strace sees.
            UV_USE_IO_URING: '0',
            STORE_MODULE: new URL('./open-filesystem-blobs.ts', import.meta.url).href,
            STORE_DIRECTORY: directory,
            STORE_SIZE: String(size),
          },
        },
      );
      const calls = parseTrace(await readFile(output, 'utf8'));
      const find = (name: RegExp, text: string | RegExp, from = 0): Call[] =>
        calls.filter(
          (call) =>
            name.test(call.name) &&
            (typeof text === 'string' ? call.text.includes(text) : text.test(call.text)) &&
            call.began >= from,
        );
      const marker = (text: string) => find(/^write$/, `"${text}"`)[0]?.began ?? assert.fail(`no marker ${text}`);
      /** A sync of exactly this file that begins after `after` and has returned before `before`. */
      const isSynced = (path: string, after: number, before: number) =>
        find(/^f(data)?sync$/, `<${path}>`, after).some((call) => call.returned < before && / = 0$/.test(call.text));
      const [opened, appended, committed] = [marker('OPENED'), marker('APPENDED'), marker('COMMITTED')];

      for (const parent of [root, directory])
        assert(isSynced(parent, 0, opened), `${parent} is synced before it is used`);

      const created = find(/^openat$/, /uploads\/.*O_CREAT/)[0];
      assert(created, 'the upload is created');
      const upload = /"([^"]*uploads\/[^"]+)"/.exec(created.text)?.[1] ?? '';
      const writes = find(/^p?writev?\d*$/, `<${upload}>`);
      const written = Math.max(...writes.map((call) => call.returned));
      assert(writes.length > 0 && written < appended);
      assert(isSynced(upload, written, appended), 'all bytes are synced before append resolves');
      assert(isSynced(join(directory, 'uploads'), created.returned, appended), 'the name of the upload is synced, too');

      const rename = find(/^rename/, `"${upload}"`)[0];
      assert(rename && rename.began > appended && rename.returned < committed);
      const target = /"[^"]+".*?"([^"]+)"/.exec(rename.text)?.[1] ?? '';
      const day = join(target, '..');
      const made = find(/^mkdir/, `"${day}"`)[0];
      assert(made, 'the directory of the day is made');
      assert(isSynced(join(day, '..'), made.returned, committed), 'its entry in the parent is synced');
      assert(
        isSynced(day, rename.returned, committed),
        'the directory is synced after the rename, before commit resolves',
      );

      const reopened = find(/^openat$/, `"${target}"`, rename.returned);
      assert.deepEqual(reopened, [], 'no byte is read again');
    } finally {
      await rm(root, { recursive: true });
    }
  });
}
