import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryEcr } from '../../../tests/support/memory-ecr.ts';
import { confirmLayerPlace, OtherLayerPlace } from './same-layer-place.ts';

for (const [first, second, words] of [
  ['s3', 'directory-1', /same --blobs/],
  ['directory-1', 's3', /files in the data directory of a node/],
  ['directory-1', 'directory-2', /files in another data directory/],
] as const) {
  test(`a process that keeps layers in ${second} is refused where they are in ${first}`, async (t) => {
    const { ecr, close } = await createMemoryEcr();
    t.after(close);
    await confirmLayerPlace(ecr, first);
    await assert.rejects(
      confirmLayerPlace(ecr, second),
      (error) => error instanceof OtherLayerPlace && words.test(error.message),
    );
    await confirmLayerPlace(ecr, first);
  });
}
