import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryEcr } from '../../../tests/support/memory-ecr.ts';
import { openRootKey, rootKeyOf } from './root-key.ts';
import { confirmKeys, OtherKeys } from './same-keys.ts';

const accountId = '000000000000';

test('nodes that start at the same time have one root key, and keep it', async (t) => {
  const { ecr, close } = await createMemoryEcr();
  t.after(close);
  const all = await Promise.all(Array.from({ length: 8 }, () => openRootKey(ecr, accountId, undefined)));
  for (const key of all) assert.deepEqual(key, all[0]);
  assert.deepEqual(await openRootKey(ecr, accountId, undefined), all[0]);
  assert.equal((await ecr.metadata.read((tx) => tx.accounts.listAccessKeys(accountId))).length, 1);
});

test('a key that settings fix takes the place of the one that was made, and stays without them', async (t) => {
  const { ecr, close } = await createMemoryEcr();
  t.after(close);
  const made = await openRootKey(ecr, accountId, undefined);
  const fixed = { accessKeyId: 'AKIAFIXEDFIXEDFIXED0', secretAccessKey: 'fixed-fixed-fixed-fixed' };
  assert.deepEqual(await openRootKey(ecr, accountId, fixed), { accountId, ...fixed });
  assert.deepEqual(await openRootKey(ecr, accountId, undefined), { accountId, ...fixed });
  assert.deepEqual(await rootKeyOf(ecr, accountId), { accountId, ...fixed });
  assert.equal(await ecr.metadata.read((tx) => tx.accounts.findAccessKey(made.accessKeyId)), undefined);
});

test('a process with another key of any kind is refused', async (t) => {
  const { ecr, close } = await createMemoryEcr();
  t.after(close);
  await confirmKeys(ecr);
  await confirmKeys(ecr);
  for (const name of ['dockerToken', 'pageToken', 'seal'] as const) {
    const keys = { ...ecr.keys, [name]: new Uint8Array(32) };
    await assert.rejects(confirmKeys({ metadata: ecr.metadata, keys }), OtherKeys, name);
  }
});
