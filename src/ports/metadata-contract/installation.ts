/** What all nodes agree on. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';

export function installationSuite(open: OpenMetadata): void {
  describe('installation', () => {
    onMetadata(open, 'keeps the first value of a name, however many nodes offer one', async (metadata) => {
      assert.equal(await metadata.read((tx) => tx.installation.find('check')), undefined);
      const offers = ['a', 'b', 'c', 'd'];
      const taken = await Promise.all(
        offers.map((value) => metadata.write((tx) => tx.installation.add('check', value))),
      );
      assert.equal(taken.filter(Boolean).length, 1);
      assert.equal(await metadata.read((tx) => tx.installation.find('check')), offers[taken.indexOf(true)]);
      assert.equal(await metadata.read((tx) => tx.installation.find('other')), undefined);
    });
  });
}
