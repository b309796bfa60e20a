import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
