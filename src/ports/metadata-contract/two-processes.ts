/** What two processes on one database see of each other. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Metadata, MetadataChange } from '../metadata.ts';
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

    onTwoHandles(open, 'what another process changed has been told when refresh is done', async (here, there) => {
      const { id } = (await here.write((tx) => tx.repositories.add(sampleRepository())))!;
      await here.refresh();
      const told = listen(here);
      for (const scanOnPush of [true, false, true]) {
        await there.write((tx) => tx.repositories.setScanOnPush(id, scanOnPush));
        await here.refresh();
        assert.ok(concerns(told.splice(0), id));
      }
      const { accountId } = registry;
      await here.write((tx) => tx.accounts.add({ accountId, createdAt: 1 }));
      const key = { accessKeyId: 'AKIAEXAMPLE', accountId, sealedSecret: Buffer.from('sealed'), createdAt: 1 };
      await there.write((tx) => tx.accounts.putAccessKey(key));
      await here.refresh();
      assert.ok(told.some(({ kind }) => kind === 'everything'));
    });

    onTwoHandles(open, 'also when this process has written in between', async (here, there) => {
      const { id } = (await here.write((tx) => tx.repositories.add(sampleRepository())))!;
      await here.refresh();
      const told = listen(here);
      await there.write((tx) => tx.repositories.setScanOnPush(id, true));
      await here.write((tx) => tx.repositories.add(sampleRepository({ name: 'here' })));
      await here.refresh();
      assert.ok(concerns(told, id));
    });
  });
}

const concerns = (told: readonly MetadataChange[], id: number): boolean =>
  told.some((change) => change.kind === 'everything' || change.ids.has(id));
