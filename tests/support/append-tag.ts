/** A write that would be seen if it ran twice or by half, and the judgement over many of them. */
import assert from 'node:assert/strict';
import type { Metadata } from '../../src/ports/metadata.ts';
import { registry, sampleRepository } from '../../src/ports/metadata-contract/samples.ts';
import type { RepositoryRecord } from '../../src/ports/records.ts';
import type { Work } from '../../src/ports/work.ts';

/** Reads and then writes, so that a unit that ran twice or half would be seen. Answers the key. */
export function appendTag(metadata: Metadata, { id, name }: RepositoryRecord, key: string): Promise<string> {
  return metadata.write(function* (tx): Work<string> {
    const found = (yield* tx.repositories.find(registry, name))!;
    const twin = sampleRepository({ name: `twin/${key.replaceAll(' ', '-')}` });
    yield* tx.repositories.add(twin);
    yield* tx.repositories.setResourceTags(id, [...found.resourceTags, { Key: key, Value: '' }]);
    return key;
  });
}

/** What was acknowledged is there, once; what failed is there wholly or not at all, and failed as unavailable. */
export async function checkAgainst(
  metadata: Metadata,
  { name }: RepositoryRecord,
  outcomes: readonly PromiseSettledResult<string>[],
): Promise<void> {
  const found = await metadata.read((tx) => tx.repositories.find(registry, name));
  const keys = found!.resourceTags.map(({ Key }) => Key);
  assert.equal(new Set(keys).size, keys.length, 'nothing was done twice');
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') assert.ok(keys.includes(outcome.value), `${outcome.value} was acknowledged`);
    else assert.equal(outcome.reason.name, 'MetadataUnavailable', outcome.reason.stack);
  }
  const twins = await metadata.read((tx) => tx.repositories.listNames(registry, { limit: 100_000 }));
  assert.deepEqual(
    twins.filter((each) => each.startsWith('twin/')).toSorted(),
    keys.map((key) => `twin/${key.replaceAll(' ', '-')}`).toSorted(),
    'nothing was done by half',
  );
}
