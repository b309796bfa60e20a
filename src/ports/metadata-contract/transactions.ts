/** Units of work: wholly or not at all, on one snapshot, many at once. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Metadata, MetadataTx } from '../metadata.ts';
import type { Work } from '../work.ts';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';
import { registry, sampleRepository } from './samples.ts';

export function transactionSuite(open: OpenMetadata): void {
  describe('transactions', () => {
    onMetadata(open, 'a unit answers what it returns', async (metadata) => {
      assert.equal(await metadata.read(() => nothing('read')), 'read');
      assert.equal(await metadata.write(() => nothing('written')), 'written');
    });

    onMetadata(open, 'a unit that throws leaves nothing and rejects with what it threw', async (metadata) => {
      const reason = new Error('changed my mind');
      const failing = metadata.write(function* (tx) {
        yield* tx.repositories.add(sampleRepository());
        throw reason;
      });
      await assert.rejects(failing, (error) => error === reason);
      assert.deepEqual(await names(metadata), []);
    });

    onMetadata(open, 'a unit that throws takes nothing of those who share its commit', async (metadata) => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 40 }, (_, index) =>
          metadata.write(function* (tx) {
            yield* tx.repositories.add(sampleRepository({ name: `repository-${index}` }));
            if (index % 3 === 0) throw new Error(`no ${index}`);
            return index;
          }),
        ),
      );
      const kept = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      assert.deepEqual(
        kept,
        Array.from({ length: 40 }, (_, index) => index).filter((index) => index % 3 !== 0),
      );
      assert.deepEqual((await names(metadata)).sort(), kept.map((index) => `repository-${index}`).sort());
    });

    onMetadata(open, 'a unit may catch what it was thrown and go on', async (metadata) => {
      await metadata.write(function* (tx) {
        try {
          yield* failing();
        } catch {
          yield* tx.repositories.add(sampleRepository({ name: 'after-all' }));
        }
      });
      assert.deepEqual(await names(metadata), ['after-all']);
    });

    onMetadata(open, 'a unit sees its own changes and those that were acknowledged before it', async (metadata) => {
      await metadata.write((tx) => tx.repositories.add(sampleRepository({ name: 'first' })));
      const seen = await metadata.write(function* (tx) {
        yield* tx.repositories.add(sampleRepository({ name: 'second' }));
        return yield* tx.repositories.listNames(registry, { limit: 10 });
      });
      assert.deepEqual(seen, ['first', 'second']);
    });

    onMetadata(open, 'units that read and then write do not overwrite each other', async (metadata) => {
      const repository = (await metadata.write((tx) => tx.repositories.add(sampleRepository())))!;
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          metadata.write(function* (tx) {
            const { resourceTags } = (yield* tx.repositories.find(registry, repository.name))!;
            yield* tx.repositories.setResourceTags(repository.id, [...resourceTags, { Key: `${index}`, Value: '' }]);
          }),
        ),
      );
      const found = await metadata.read((tx) => tx.repositories.find(registry, repository.name));
      assert.equal(new Set(found?.resourceTags.map((tag) => tag.Key)).size, 50);
    });

    onMetadata(open, 'more writers at once than one commit takes', async (metadata) => {
      const adding = Array.from({ length: 1000 }, (_, index) =>
        metadata.write((tx) => tx.repositories.add(sampleRepository({ name: `r${index}` }))),
      );
      const ids = (await Promise.all(adding)).map((repository) => repository?.id);
      assert.equal(new Set(ids).size, 1000);
      assert.equal(await metadata.read((tx) => tx.repositories.count(registry)), 1000);
    });

    onMetadata(open, 'nothing is asked after the end', async (metadata) => {
      const last = metadata.write((tx) => tx.repositories.add(sampleRepository()));
      await metadata.close();
      assert.equal((await last)?.name, 'team/app');
      await assert.rejects(
        metadata.read((tx) => tx.uploads.count()),
        { name: 'MetadataUnavailable' },
      );
      await assert.rejects(
        metadata.write((tx) => tx.uploads.count()),
        { name: 'MetadataUnavailable' },
      );
      await assert.rejects(metadata.ping(), { name: 'MetadataUnavailable' });
    });

    onMetadata(open, 'a database that works answers a ping', (metadata) => metadata.ping());
  });
}

export const names = (metadata: Metadata): Promise<string[]> =>
  metadata.read((tx: MetadataTx) => tx.repositories.listNames(registry, { limit: 1000 }));

// biome-ignore lint/correctness/useYield: a unit that asks nothing is a unit too.
function* nothing<T>(value: T): Work<T> {
  return value;
}

// biome-ignore lint/correctness/useYield: it throws before it asks.
function* failing(): Work<never> {
  throw new Error('a rule of the service');
}
