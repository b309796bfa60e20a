import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDirectorySync } from './directory-sync.ts';

test('whoever asks before a sync has begun shares it; whoever asks later gets another', async () => {
  let begun = 0;
  const release: (() => void)[] = [];
  const directories = createDirectorySync(() => {
    begun++;
    return new Promise((resolve) => release.push(resolve));
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  const early = [directories.sync('/a'), directories.sync('/a')];
  await turn();
  assert.equal(begun, 1);
  // These renames may have happened after the running sync took its look.
  let lateDone = false;
  const late = [directories.sync('/a'), directories.sync('/a'), directories.sync('/a')];
  void Promise.all(late).then(() => {
    lateDone = true;
  });
  await turn();
  assert.equal(begun, 1, 'one at a time');
  release.shift()?.();
  await Promise.all(early);
  await turn();
  assert.equal(begun, 2);
  assert.equal(lateDone, false);
  release.shift()?.();
  await Promise.all(late);
  assert.equal(begun, 2);
});

test('a sync that failed fails who waited for it, and nobody else', async () => {
  let fails = true;
  const directories = createDirectorySync(async () => {
    if (fails) throw new Error('EIO');
  });
  await assert.rejects(directories.sync('/a'), /EIO/);
  fails = false;
  await directories.sync('/a');
});

test('makes a directory once, privately, with its entry in the parent synced', async () => {
  const root = await mkdtemp(join(tmpdir(), 'longshore-directory-'));
  try {
    const synced: string[] = [];
    const directories = createDirectorySync(async (directory) => void synced.push(directory));
    const path = join(root, 'day');
    await Promise.all([directories.ensure(path), directories.ensure(path)]);
    await directories.ensure(path);
    assert.deepEqual(synced, [root]);
    assert.equal((await stat(path)).mode & 0o777, 0o700);
    await rm(path, { recursive: true });
    directories.doubt(path);
    await directories.ensure(path);
    assert((await stat(path)).isDirectory());
    assert.deepEqual(synced, [root, root]);
  } finally {
    await rm(root, { recursive: true });
  }
});
