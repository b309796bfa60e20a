/** Damaged files are never served as whole, are answered as absent, and are healed by the next push of the same image. */
import assert from 'node:assert/strict';
import { appendFile, open, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { whyNotFiles } from '../support/test-stores.ts';
import { type BlackBoxServer, startBlackBox } from './black-box-server.ts';
import {
  assertAbsent,
  assertDamageIsSeen,
  assertHeals,
  assertServed,
  FIRST_LOOKS,
  pushImage,
  SIZE,
} from './damaged-image.ts';
import { findStoredFile } from './stored-files.ts';
import { callAws } from './trial.ts';

type Damage = (file: string, other: string) => Promise<void>;

const DAMAGES: Readonly<Record<string, Damage>> = {
  'a flipped bit': (file) => flip(file, SIZE >> 1),
  'a flipped bit under the old modification time': async (file) => {
    const { atime, mtime } = await stat(file);
    await flip(file, 100);
    await utimes(file, atime, mtime);
  },
  'a wrong last byte': (file) => flip(file, SIZE - 1),
  'a cut file': (file) => truncate(file, SIZE - 70_000),
  'an emptied file': (file) => truncate(file, 0),
  'a longer file': (file) => appendFile(file, 'x'),
  'a swapped file': async (file, other) => {
    await rename(file, `${file}.swap`);
    await rename(other, file);
    await rename(`${file}.swap`, other);
  },
  'a replaced file of the same size': (file) => writeFile(file, Buffer.alloc(SIZE, 7)),
  'a removed file': (file) => rm(file),
};

test('damaged files are never served as whole, and a push heals them', { skip: whyNotFiles() ?? false }, async (t) => {
  await using server = await startBlackBox();
  await callAws(server.trial, 'CreateRepository', { repositoryName: 'app' });
  for (const [words, damage] of Object.entries(DAMAGES)) {
    for (const look of FIRST_LOOKS) {
      await t.test(`${words}, first seen by ${look}`, () => damageAndHeal(server, `${words} ${look}`, damage, look));
    }
  }
  await t.test('damage done while the server is down', async () => {
    const image = await pushImage(server, 'while down');
    const file = await findStoredFile(server.data, image.layer);
    await flip(file, 5);
    await server.restart('stop');
    await assertAbsent(server, image.layer);
    await assertHeals(server, image);
  });
  assert.deepEqual(server.trial.report.breaches, []);
});

async function damageAndHeal(server: BlackBoxServer, name: string, damage: Damage, look: string): Promise<void> {
  const image = await pushImage(server, name);
  const file = await findStoredFile(server.data, image.layer);
  await damage(file, await findStoredFile(server.data, image.neighbour));
  await assertDamageIsSeen(server, image, look);
  if (!name.startsWith('a swapped')) await assertServed(server, image.neighbour);
  await assertHeals(server, image);
}

async function flip(file: string, at: number): Promise<void> {
  const byte = (await readFile(file))[at]!;
  const handle = await open(file, 'r+');
  await handle.write(Buffer.from([byte ^ 1]), 0, 1, at);
  await handle.close();
}
