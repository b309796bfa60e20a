/** Repositories and their settings. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';
import { addImage, addLayer, addRepository, digestOf, registry, sampleRepository, sampleUpload } from './samples.ts';

export function repositorySuite(open: OpenMetadata): void {
  describe('repositories', () => {
    onMetadata(open, 'are found as they were added', async (metadata) => {
      const given = sampleRepository({
        tagMutability: 'IMMUTABLE_WITH_EXCLUSION',
        exclusionFilters: [{ filterType: 'WILDCARD', filter: 'dev*' }],
        scanOnPush: true,
        resourceTags: [
          { Key: 'zeta', Value: '“quotes” \u{1f433}' },
          { Key: 'alpha', Value: '' },
        ],
      });
      const added = await metadata.write((tx) => tx.repositories.add(given));
      assert.deepEqual(added, { ...given, id: added?.id });
      assert.deepEqual(await metadata.read((tx) => tx.repositories.find(registry, given.name)), added);
      assert.equal(await metadata.read((tx) => tx.repositories.find(registry, 'Team/App')), undefined);
    });

    onMetadata(open, 'are one per account, region and name', async (metadata) => {
      const first = await addRepository(metadata);
      const again = await metadata.write((tx) => tx.repositories.add(sampleRepository({ scanOnPush: true })));
      assert.equal(again, undefined);
      assert.deepEqual(await metadata.read((tx) => tx.repositories.find(registry, first.name)), first);
      const elsewhere = await addRepository(metadata, { region: 'us-west-2' });
      const others = await addRepository(metadata, { accountId: '222222222222' });
      assert.equal(new Set([first.id, elsewhere.id, others.id]).size, 3);
      assert.deepEqual(await metadata.read((tx) => tx.repositories.find(elsewhere, first.name)), elsewhere);
    });

    onMetadata(open, 'are listed page by page in order of creation, names in byte order', async (metadata) => {
      const given = ['b', 'a/z', 'a-z', 'a', 'c_0'];
      for (const name of given) await addRepository(metadata, { name });
      await addRepository(metadata, { name: 'foreign', region: 'us-west-2' });
      const first = await metadata.read((tx) => tx.repositories.list(registry, { limit: 3 }));
      const rest = await metadata.read((tx) => tx.repositories.list(registry, { limit: 3, after: first[2]!.id }));
      assert.deepEqual(
        [...first, ...rest].map((repository) => repository.name),
        given,
      );
      assert.equal(first.length, 3);
      const names = (after: string | undefined) =>
        metadata.read((tx) =>
          tx.repositories.listNames(registry, after === undefined ? { limit: 3 } : { after, limit: 3 }),
        );
      assert.deepEqual(await names(undefined), ['a', 'a-z', 'a/z']);
      assert.deepEqual(await names('a/z'), ['b', 'c_0']);
      assert.deepEqual(await names('b0-not-there'), ['c_0']);
      assert.equal(await metadata.read((tx) => tx.repositories.count(registry)), 5);
    });

    onMetadata(open, 'take new settings without losing the others', async (metadata) => {
      const added = await addRepository(metadata, { resourceTags: [{ Key: 'team', Value: 'a' }] });
      const filters = [{ filterType: 'WILDCARD', filter: 'latest*' }] as const;
      await metadata.write((tx) => tx.repositories.setTagMutability(added.id, 'MUTABLE_WITH_EXCLUSION', filters));
      await metadata.write((tx) => tx.repositories.setScanOnPush(added.id, true));
      await metadata.write((tx) => tx.repositories.setResourceTags(added.id, [{ Key: 'team', Value: 'b' }]));
      assert.deepEqual(await metadata.read((tx) => tx.repositories.find(registry, added.name)), {
        ...added,
        tagMutability: 'MUTABLE_WITH_EXCLUSION',
        exclusionFilters: filters,
        scanOnPush: true,
        resourceTags: [{ Key: 'team', Value: 'b' }],
      });
    });

    onMetadata(open, 'go with all they hold and leave others whole', async (metadata) => {
      const going = await addRepository(metadata, { name: 'going' });
      const staying = await addRepository(metadata, { name: 'staying' });
      const shared = await addLayer(metadata, going.id, 'shared');
      await addLayer(metadata, staying.id, 'shared');
      const own = await addLayer(metadata, going.id, 'own');
      const layerDigests = [digestOf('shared'), digestOf('own')];
      await addImage(metadata, going.id, 'child', { layerDigests, tags: ['child', 'second'] });
      await addImage(metadata, going.id, 'index', { childDigests: [digestOf('child')], tags: ['index'] });
      await addImage(metadata, staying.id, 'stays', { layerDigests: [digestOf('shared')], tags: ['stays'] });
      const upload = sampleUpload(going.id, 'upload');
      await metadata.write((tx) => tx.uploads.add(upload));

      await metadata.write((tx) => tx.repositories.delete(going.id));

      assert.equal(await metadata.read((tx) => tx.repositories.find(registry, 'going')), undefined);
      assert.deepEqual(await metadata.read((tx) => tx.repositories.listNames(registry, { limit: 9 })), ['staying']);
      assert.deepEqual(await metadata.read((tx) => tx.repositories.list(registry, { limit: 9 })), [staying]);
      assert.equal(await metadata.read((tx) => tx.repositories.count(registry)), 1);
      const reference = { tag: 'child' };
      assert.equal(await metadata.read((tx) => tx.images.findByReference(registry, 'going', reference)), undefined);
      const image = { digest: digestOf('child') };
      assert.equal(await metadata.read((tx) => tx.images.findByReference(registry, 'going', image)), undefined);
      assert.equal(await metadata.read((tx) => tx.layers.findInRegistry(registry, digestOf('own'))), undefined);
      const everything = await metadata.read((tx) => tx.images.listAll({ limit: 9 }));
      assert.deepEqual(
        everything.map((each) => each.repositoryName),
        ['staying'],
      );
      assert.equal(await metadata.read((tx) => tx.uploads.find('upload')), undefined);
      assert.equal(await metadata.write((tx) => tx.uploads.advance('upload', upload, { ...upload, offset: 1 })), false);

      for (let slices = 1; await metadata.write((tx) => tx.repositories.purge(1)); slices++) assert.ok(slices < 10);

      assert.equal(await metadata.read((tx) => tx.images.count(going.id)), 0);
      assert.deepEqual(await metadata.read((tx) => tx.tags.listNames(going.id, { limit: 10 })), []);
      assert.deepEqual(await metadata.read((tx) => tx.layers.findMany(going.id, layerDigests)), []);
      assert.deepEqual(await metadata.read((tx) => tx.images.parents(going.id, digestOf('child'))), []);
      const loose = await metadata.read((tx) => tx.blobs.listUnreferenced({ limit: 10, createdBefore: 9e12 }));
      assert.deepEqual(
        loose.map((blob) => blob.id),
        [own.id],
      );
      assert.equal(await metadata.write((tx) => tx.blobs.deleteIfUnreferenced(shared.id)), false);
      const stays = await metadata.read((tx) => tx.images.findByTag(staying.id, 'stays'));
      assert.equal(stays?.digest, digestOf('stays'));
    });

    onMetadata(open, 'a name that comes again is another repository', async (metadata) => {
      const first = await addRepository(metadata);
      await metadata.write((tx) => tx.repositories.delete(first.id));
      const second = await addRepository(metadata);
      assert.ok(second.id > first.id);
      while (await metadata.write((tx) => tx.repositories.purge(100)));
      assert.deepEqual(await metadata.read((tx) => tx.repositories.find(registry, first.name)), second);
    });

    onMetadata(open, 'an account has no repositories once they are deleted', async (metadata) => {
      const { id, accountId } = await addRepository(metadata);
      await metadata.write((tx) => tx.repositories.delete(id));
      assert.equal(await metadata.read((tx) => tx.accounts.hasRepositories(accountId)), false);
    });
  });
}
