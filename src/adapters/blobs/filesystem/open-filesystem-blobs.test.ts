import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { blobStoreContract } from '../../../ports/blob-store.contract.ts';
import { isUploadKey, objectPath, uploadPath } from './object-paths.ts';
import { openFilesystemBlobs } from './open-filesystem-blobs.ts';

blobStoreContract('file system', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-blobs-'));
  return {
    open: () => openFilesystemBlobs({ directory }),
    async tamper(name, change) {
      const path = isUploadKey(name) ? uploadPath(directory, name) : objectPath(directory, name);
      const bytes = change(await readFile(path));
      if (bytes) await writeFile(path, bytes);
      else await rm(path);
    },
    dispose: () => rm(directory, { recursive: true }),
  };
});

test('files and directories are private, the object is named by its digest, unacknowledged bytes leave the disk at once', async () => {
  const root = await mkdtemp(join(tmpdir(), 'longshore-blobs-'));
  const directory = join(root, 'made', 'on the way');
  const blobs = await openFilesystemBlobs({ directory });
  try {
    const options = { algorithm: 'sha256', limit: 1e9 } as const;
    const upload = { key: blobs.startUpload(), state: '' };
    assert.deepEqual(await readdir(join(directory, 'uploads')), [], 'a new upload is no file yet');
    const bytes = randomBytes(1000);
    const { state } = await blobs.append(upload, 0, Readable.from([bytes]), options);
    const row = { ...upload, state };
    await blobs.append(row, 1000, Readable.from([randomBytes(5000)]), options);
    assert.equal((await blobs.append(row, 1000, Readable.from([]), options)).state, state);
    const file = await stat(uploadPath(directory, upload.key));
    assert.equal(file.size, 1000);
    assert.equal(file.mode & 0o777, 0o600);

    const hex = createHash('sha256').update(bytes).digest('hex');
    const { location } = await blobs.commit(row, { digest: `sha256:${hex}`, size: 1000 });
    const path = objectPath(directory, location);
    assert(path.includes(hex));
    assert.deepEqual(await readFile(path), bytes);
    assert.deepEqual(await readdir(join(directory, 'uploads')), []);
    for (const made of [join(path, '..'), join(directory, 'uploads'), directory, join(root, 'made')]) {
      assert.equal((await stat(made)).mode & 0o777, 0o700, made);
    }

    // What an operator left there is not ours to name or to remove.
    await writeFile(join(directory, 'uploads', 'README'), 'hands off');
    for await (const slice of blobs.listObjects()) for (const { name } of slice) assert.equal(name, location);
  } finally {
    await blobs.close();
    await rm(root, { recursive: true });
  }
});
