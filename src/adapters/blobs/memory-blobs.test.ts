import { blobStoreContract } from '../../ports/blob-store.contract.ts';
import { type MemoryObjects, memoryBlobs } from './memory-blobs.ts';

blobStoreContract('memory', async () => {
  const objects: MemoryObjects = new Map();
  return {
    open: async () => memoryBlobs(objects),
    async tamper(name, change) {
      const bytes = change(objects.get(name)!.bytes);
      if (bytes) objects.set(name, { bytes, version: -1, changedAt: Date.now() });
      else objects.delete(name);
    },
    async dispose() {},
  };
});
