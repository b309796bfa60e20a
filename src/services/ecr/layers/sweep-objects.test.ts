import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createMemoryEcr, hour, type MemoryEcr } from '../../../../tests/support/memory-ecr.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { appendUpload } from './append-upload.ts';
import { startUpload } from './start-upload.ts';
import { createObjectSweep } from './sweep-objects.ts';

let memory: MemoryEcr;
let app: RepositoryRef;
beforeEach(async () => {
  memory = await createMemoryEcr();
  app = await memory.createRepository('app');
});
afterEach(() => memory.close());

describe('the sweep', () => {
  async function sweep() {
    const slice = createObjectSweep(memory.ecr);
    const sum = { checked: 0, removed: 0 };
    for (let more = true; more; ) {
      const swept = await slice();
      sum.checked += swept.checked;
      sum.removed += swept.removed;
      more = swept.more;
    }
    return sum;
  }

  test('removes old objects that no row knows, and only those', async () => {
    const layer = await memory.pushLayer(app, randomBytes(10));
    const upload = await startUpload(memory.ecr, app);
    await appendUpload(memory.ecr, app, upload.id, Readable.from([Buffer.from('x')]));
    const lost = memory.ecr.blobs.startUpload();
    const bytes = { algorithm: 'sha256', limit: 10 } as const;
    await memory.ecr.blobs.append({ key: lost, state: '' }, 0, Readable.from([Buffer.from('y')]), bytes);
    assert.deepEqual(await sweep(), { checked: 3, removed: 0 });
    memory.pass(25 * hour);
    assert.deepEqual(await sweep(), { checked: 3, removed: 1 });
    assert(!memory.objects.has(lost));
    assert(await memory.ecr.metadata.read((tx) => tx.blobs.findByDigest(layer)));
    assert(memory.objects.has(upload.objectKey));
  });
});
