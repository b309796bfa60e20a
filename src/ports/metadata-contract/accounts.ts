/** Accounts and access keys. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { type OpenMetadata, onMetadata } from './on-metadata.ts';
import { addRepository, registry } from './samples.ts';

const account = { accountId: registry.accountId, createdAt: 1_700_000_000_123 };
const key = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  accountId: registry.accountId,
  sealedSecret: new Uint8Array([0, 255, 128, 1]),
  createdAt: 5,
};

export function accountSuite(open: OpenMetadata): void {
  describe('accounts', () => {
    onMetadata(open, 'are found and listed as they were added, in order of creation', async (metadata) => {
      assert.equal(await metadata.read((tx) => tx.accounts.find(account.accountId)), undefined);
      assert.equal(await metadata.write((tx) => tx.accounts.add(account)), true);
      const older = { accountId: '999999999999', createdAt: 1 };
      await metadata.write((tx) => tx.accounts.add(older));
      assert.deepEqual(await metadata.read((tx) => tx.accounts.find(account.accountId)), account);
      assert.deepEqual(await metadata.read((tx) => tx.accounts.list()), [older, account]);
    });

    onMetadata(open, 'cannot be added twice', async (metadata) => {
      await metadata.write((tx) => tx.accounts.add(account));
      assert.equal(await metadata.write((tx) => tx.accounts.add({ ...account, createdAt: 7 })), false);
      assert.deepEqual(await metadata.read((tx) => tx.accounts.find(account.accountId)), account);
    });

    onMetadata(open, 'have keys, which go with them', async (metadata) => {
      const second = { ...key, accessKeyId: 'AKIASECOND', createdAt: 6 };
      await metadata.write(function* (tx) {
        yield* tx.accounts.add(account);
        yield* tx.accounts.putAccessKey(second);
        yield* tx.accounts.putAccessKey(key);
      });
      assert.deepEqual(await metadata.read((tx) => tx.accounts.findAccessKey(key.accessKeyId)), key);
      assert.deepEqual(await metadata.read((tx) => tx.accounts.listAccessKeys(account.accountId)), [key, second]);
      assert.deepEqual(await metadata.read((tx) => tx.accounts.listAccessKeys('333333333333')), []);
      assert.equal(await metadata.write((tx) => tx.accounts.delete(account.accountId)), true);
      assert.equal(await metadata.write((tx) => tx.accounts.delete(account.accountId)), false);
      assert.equal(await metadata.read((tx) => tx.accounts.findAccessKey(key.accessKeyId)), undefined);
    });

    onMetadata(open, 'keys can be deleted one by one', async (metadata) => {
      const second = { ...key, accessKeyId: 'AKIASECOND', createdAt: 6 };
      await metadata.write(function* (tx) {
        yield* tx.accounts.add(account);
        yield* tx.accounts.putAccessKey(key);
        yield* tx.accounts.putAccessKey(second);
      });
      assert.equal(await metadata.write((tx) => tx.accounts.deleteAccessKey(key.accessKeyId)), true);
      assert.equal(await metadata.write((tx) => tx.accounts.deleteAccessKey(key.accessKeyId)), false);
      assert.deepEqual(await metadata.read((tx) => tx.accounts.listAccessKeys(account.accountId)), [second]);
    });

    onMetadata(open, 'a key that is put again is replaced', async (metadata) => {
      await metadata.write((tx) => tx.accounts.add(account));
      await metadata.write((tx) => tx.accounts.putAccessKey(key));
      const again = { ...key, sealedSecret: new Uint8Array([7]), createdAt: 8 };
      await metadata.write((tx) => tx.accounts.putAccessKey(again));
      assert.deepEqual(await metadata.read((tx) => tx.accounts.findAccessKey(key.accessKeyId)), again);
    });

    onMetadata(open, 'know whether they have repositories, in whatever region', async (metadata) => {
      const has = () => metadata.read((tx) => tx.accounts.hasRepositories(account.accountId));
      await addRepository(metadata, { accountId: '999999999999' });
      assert.equal(await has(), false);
      await addRepository(metadata, { region: 'ap-south-2' });
      assert.equal(await has(), true);
    });
  });
}
