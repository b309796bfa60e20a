/** Running out of file descriptors loses nothing: in a process of its own, with a low limit. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const SCRIPT = `
import { openSync, closeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createHash, randomBytes } from 'node:crypto';
const { openFilesystemBlobs } = await import(process.env.STORE_MODULE);
const blobs = await openFilesystemBlobs({ directory: process.env.STORE_DIRECTORY });
const [one, two] = [randomBytes(100_000), randomBytes(2_000_000)];
const options = { algorithm: 'sha256', limit: 1e9 };
const upload = { key: blobs.startUpload(), state: '' };
upload.state = (await blobs.append(upload, 0, Readable.from([one]), options)).state;
const held = [];
try { for (;;) held.push(openSync('/dev/null')); } catch {}
const refused = await Promise.allSettled([
  blobs.append(upload, one.length, Readable.from([two]), options),
  blobs.append({ key: blobs.startUpload(), state: '' }, 0, Readable.from([one]), options),
]);
for (const fd of held) closeSync(fd);
upload.state = (await blobs.append(upload, one.length, Readable.from([two]), options)).state;
const digest = 'sha256:' + createHash('sha256').update(one).update(two).digest('hex');
const blob = await blobs.commit(upload, { digest, size: one.length + two.length });
const verified = await blobs.verify(blob);
await blobs.close();
console.log(JSON.stringify({ refused: refused.map((each) => [each.reason?.name, each.reason?.message]), verified, fingerprint: blob.fingerprint }));
`;

test('an append that gets no file descriptor fails clearly; the upload goes on afterwards', {
  skip: process.platform === 'win32' ? 'Windows has no ulimit' : false,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-descriptors-'));
  try {
    const { stdout } = await promisify(execFile)(
      'sh',
      ['-c', 'ulimit -n 128 && exec "$0" --input-type=module -e "$1"', process.execPath, SCRIPT],
      {
        env: {
          ...process.env,
          STORE_MODULE: new URL('./open-filesystem-blobs.ts', import.meta.url).href,
          STORE_DIRECTORY: directory,
        },
      },
    );
    const { refused, verified, fingerprint } = JSON.parse(stdout);
    for (const reason of refused) {
      assert.deepEqual(reason, ['BlobStoreUnavailable', 'The blob store cannot be read or written (EMFILE).']);
    }
    assert.deepEqual(verified, { fingerprint });
  } finally {
    await rm(directory, { recursive: true });
  }
});
