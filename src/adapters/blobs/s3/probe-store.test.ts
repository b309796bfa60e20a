import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPing } from './probe-store.ts';

test('a good probe is good for ten seconds, a bad one for one; all who ask meanwhile share it', async () => {
  let time = 0;
  let probes = 0;
  let failure: Error | undefined;
  const ping = createPing(
    async () => {
      probes++;
      if (failure) throw failure;
    },
    () => time,
  );
  await Promise.all([ping(), ping(), ping()]);
  time = 9999;
  await ping();
  assert.equal(probes, 1);
  time = 10_000;
  failure = new Error('down');
  await assert.rejects(ping(), /down/);
  time = 10_999;
  await assert.rejects(ping(), /down/);
  assert.equal(probes, 2);
  time = 11_000;
  failure = undefined;
  await ping();
  assert.equal(probes, 3);
});
