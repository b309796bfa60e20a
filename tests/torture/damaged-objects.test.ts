/** Objects that somebody changes in the bucket are never served as whole, are answered as absent, and are healed by the next push of the same image. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serversOfEnvironment, whyNotPostgresAndS3 } from '../support/test-stores.ts';
import { type BlackBoxServer, startBlackBox } from './black-box-server.ts';
import {
  assertAbsent,
  assertDamageIsSeen,
  assertHeals,
  assertServed,
  FIRST_LOOKS,
  pushImage,
} from './damaged-image.ts';
import { createObjectFinder, type StoredInBucket, storedInBucket } from './stored-objects.ts';
import { callAws } from './trial.ts';

type Damage = (bucket: StoredInBucket, name: string, other: string) => Promise<void>;

const rewrite =
  (change: (bytes: Buffer) => Buffer): Damage =>
  async (bucket, name) =>
    bucket.write(name, change(await bucket.read(name)));

const DAMAGES: Readonly<Record<string, Damage>> = {
  'a flipped bit': rewrite((bytes) => flip(bytes, bytes.length >> 1)),
  'a wrong last byte': rewrite((bytes) => flip(bytes, bytes.length - 1)),
  'a cut object': rewrite((bytes) => bytes.subarray(0, bytes.length - 70_000)),
  'an emptied object': rewrite(() => Buffer.alloc(0)),
  'a longer object': rewrite((bytes) => Buffer.concat([bytes, Buffer.from('x')])),
  'a swapped object': async (bucket, name, other) => {
    const [one, two] = [await bucket.read(name), await bucket.read(other)];
    await bucket.write(name, two);
    await bucket.write(other, one);
  },
  'a removed object': (bucket, name) => bucket.remove(name),
};

test('damaged objects are never served as whole, and a push heals them', {
  skip: whyNotPostgresAndS3() ?? false,
}, async (t) => {
  await using server = await startBlackBox();
  const bucket = storedInBucket(serversOfEnvironment().s3, server.stores);
  const find = createObjectFinder(bucket);
  await callAws(server.trial, 'CreateRepository', { repositoryName: 'app' });
  for (const [words, damage] of Object.entries(DAMAGES)) {
    for (const look of FIRST_LOOKS) {
      await t.test(`${words}, first seen by ${look}`, () =>
        damageAndHeal(server, bucket, find, `${words} ${look}`, damage, look),
      );
    }
  }
  await t.test('damage done while the server is down', async () => {
    const image = await pushImage(server, 'while down');
    const name = await find(image.layer);
    await bucket.write(name, flip(await bucket.read(name), 5));
    await server.restart('stop');
    await assertAbsent(server, image.layer);
    await assertHeals(server, image);
  });
  assert.deepEqual(server.trial.report.breaches, []);
});

async function damageAndHeal(
  server: BlackBoxServer,
  bucket: StoredInBucket,
  find: ReturnType<typeof createObjectFinder>,
  name: string,
  damage: Damage,
  look: string,
): Promise<void> {
  const image = await pushImage(server, name);
  await damage(bucket, await find(image.layer), await find(image.neighbour));
  await assertDamageIsSeen(server, image, look);
  if (!name.startsWith('a swapped')) await assertServed(server, image.neighbour);
  await assertHeals(server, image);
}

function flip(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at]! ^= 1;
  return changed;
}
