/** What two processes on one database see of each other. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Metadata } from '../metadata.ts';
import { listen } from './changes.ts';
import { type OpenMetadata, onTwoHandles } from './on-metadata.ts';
import { registry, sampleRepository } from './samples.ts';
import { names } from './transactions.ts';

export function twoProcessSuite(open: OpenMetadata): void {
  describe('two processes', () => {
    onTwoHandles(open, 'what one process was acknowledged another sees', async (here, there) => {
      await here.write((tx) => tx.repositories.add(sampleRepository({ name: 'from-here' })));
      assert.deepEqual(await names(there), ['from-here']);
      await there.write((tx) => tx.repositories.add(sampleRepository({ name: 'from-there' })));
      assert.deepEqual(await names(here), ['from-here', 'from-there']);
    });

    onTwoHandles(open, 'two processes that read and then write lose nothing', async (here, there) => {
      const repository = (await here.write((tx) => tx.repositories.add(sampleRepository())))!;
      const add = (metadata: Metadata, key: string) =>
        metadata.write(function* (tx) {
          const { resourceTags } = (yield* tx.repositories.find(registry, repository.name))!;
          yield* tx.repositories.setResourceTags(repository.id, [...resourceTags, { Key: key, Value: '' }]);
        });
      await Promise.all(
        Array.from({ length: 30 }, (_, index) => [add(here, `here ${index}`), add(there, `there ${index}`)]).flat(),
      );
      const found = await here.read((tx) => tx.repositories.find(registry, repository.name));
      assert.equal(new Set(found?.resourceTags.map((tag) => tag.Key)).size, 60);
    });

    onTwoHandles(open, 'refresh tells what another process has committed, once', async (here, there) => {
      await here.refresh();
      const told = listen(here);
      await here.refresh();
      assert.deepEqual(told, []);
      await there.write((tx) => tx.repositories.add(sampleRepository()));
      await here.refresh();
      assert.deepEqual(told.splice(0), [{ kind: 'everything' }]);
      await here.refresh();
      assert.deepEqual(told, []);
    });

    onTwoHandles(open, 'refresh tells it also when this process has written in between', async (here, there) => {
      await here.refresh();
      const told = listen(here);
      await there.write((tx) => tx.repositories.add(sampleRepository({ name: 'there' })));
      await here.write((tx) => tx.repositories.add(sampleRepository({ name: 'here' })));
      await here.refresh();
      assert.deepEqual(told, [{ kind: 'everything' }]);
    });

    onTwoHandles(open, 'what this process commits itself is no news to refresh', async (here) => {
      await here.refresh();
      const told = listen(here);
      await here.write((tx) => tx.repositories.add(sampleRepository()));
      await here.refresh();
      assert.deepEqual(told, []);
    });
  });
}
