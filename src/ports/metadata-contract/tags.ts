/** Tags: which image, in which order. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';
import { addImage, addRepository } from './samples.ts';

export function tagSuite(open: OpenMetadata): void {
  describe('tags', () => {
    onMetadata(open, 'point at an image and move to another', async (metadata) => {
      const { id: repositoryId } = await addRepository(metadata);
      const one = await addImage(metadata, repositoryId, 'one', { tags: ['v1'] });
      const two = await addImage(metadata, repositoryId, 'two', { tags: ['v2'] });
      const find = () => metadata.read((tx) => tx.tags.find(repositoryId, 'v1'));
      const before = (await find())!;
      assert.deepEqual(before, {
        repositoryId,
        tag: 'v1',
        imageId: one.id,
        sequence: before.sequence,
        updatedAt: 2000,
      });
      await metadata.write((tx) => tx.tags.put({ repositoryId, tag: 'v1', imageId: two.id, updatedAt: 3000 }));
      const after = (await find())!;
      assert.deepEqual(after, { ...before, imageId: two.id, sequence: after.sequence, updatedAt: 3000 });
      assert.ok(after.sequence > before.sequence);
      assert.deepEqual(await metadata.read((tx) => tx.tags.ofImage(one.id)), []);
      assert.deepEqual(await metadata.read((tx) => tx.tags.ofImage(two.id)), ['v2', 'v1']);
      assert.equal(await metadata.read((tx) => tx.tags.countOfImage(two.id)), 2);
    });

    onMetadata(open, 'a tag put where it is keeps its place', async (metadata) => {
      const { id: repositoryId } = await addRepository(metadata);
      const image = await addImage(metadata, repositoryId, 'image', { tags: ['b', 'a'] });
      await metadata.write((tx) => tx.tags.put({ repositoryId, tag: 'b', imageId: image.id, updatedAt: 9000 }));
      assert.deepEqual(await metadata.read((tx) => tx.tags.ofImage(image.id)), ['b', 'a']);
      assert.equal((await metadata.read((tx) => tx.tags.find(repositoryId, 'b')))?.updatedAt, 9000);
    });

    onMetadata(open, 'are each their own in every repository and in every case', async (metadata) => {
      const one = await addRepository(metadata, { name: 'one' });
      const two = await addRepository(metadata, { name: 'two' });
      await addImage(metadata, one.id, 'first', { tags: ['v1', 'V1'] });
      await addImage(metadata, two.id, 'second', { tags: ['v1'] });
      await metadata.write((tx) => tx.tags.delete(one.id, 'v1'));
      assert.equal(await metadata.read((tx) => tx.tags.find(one.id, 'v1')), undefined);
      assert.deepEqual(await metadata.read((tx) => tx.tags.listNames(one.id, { limit: 9 })), ['V1']);
      assert.deepEqual(await metadata.read((tx) => tx.tags.listNames(two.id, { limit: 9 })), ['v1']);
      await metadata.write((tx) => tx.tags.delete(one.id, 'never there'));
    });

    onMetadata(open, 'are listed without regard to case, then by byte, from anywhere', async (metadata) => {
      const { id } = await addRepository(metadata);
      const ordered = ['0', '10', '9', '_x', 'A', 'a', 'a-1', 'a.1', 'A1', 'AA', 'Aa', 'aA', 'aa', 'B', 'b_'];
      const expected = [...ordered].sort(
        (left, right) => compare(left.toLowerCase(), right.toLowerCase()) || compare(left, right),
      );
      await addImage(metadata, id, 'image', { tags: [...ordered].reverse() });
      const list = (after: string | undefined, limit: number) =>
        metadata.read((tx) => tx.tags.listNames(id, after === undefined ? { limit } : { after, limit }));
      assert.deepEqual(await list(undefined, 100), expected);
      for (const after of [...ordered, 'a0', 'Z', '5', '~']) {
        const isAfter = (tag: string) => (compare(tag.toLowerCase(), after.toLowerCase()) || compare(tag, after)) > 0;
        assert.deepEqual(await list(after, 3), expected.filter(isAfter).slice(0, 3), `after ${after}`);
      }
    });
  });
}

const compare = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));
