/** Damaged files are never served as whole, are answered as absent, and are healed by the next push of the same image. */
import assert from 'node:assert/strict';
import { appendFile, open, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { type Content, contentSlice, makeContent, sha256Digest } from '../black-box/content.ts';
import { whyNotFiles } from '../support/test-stores.ts';
import { type BlackBoxServer, startBlackBox } from './black-box-server.ts';
import { pushImageAsDocker } from './push-as-docker.ts';
import { makeImage } from './push-manifest.ts';
import { findStoredFile } from './stored-files.ts';
import { callAws, callRegistry } from './trial.ts';

/** More than one block of any size that is sensible, so that a damaged beginning has a whole block behind it. */
const SIZE = 3 * 2 ** 20 + 12_345;

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

/** What a client does first with the damaged layer. */
const FIRST_LOOKS = ['GET', 'GET of a range', 'HEAD', 'BatchCheckLayerAvailability'] as const;

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

interface PushedImage {
  readonly tag: string;
  readonly layer: Content;
  /** Lies in the same repository and is left in peace, except when files are swapped. */
  readonly neighbour: Content;
  readonly push: () => ReturnType<typeof pushImageAsDocker>;
}

async function pushImage(server: BlackBoxServer, name: string): Promise<PushedImage> {
  const layer = makeContent(`${name} layer`, SIZE);
  const neighbour = makeContent(`${name} neighbour`, SIZE);
  const config = makeContent(`${name} config`, 500);
  const manifest = makeImage(name, config, [layer, neighbour], false);
  const tag = name.replaceAll(' ', '-');
  const push = () => pushImageAsDocker(server.trial, 'app', tag, [layer, neighbour, config], manifest);
  const answer = await push();
  assert.equal(answer.status, 201, answer.body.toString());
  return { tag, layer, neighbour, push };
}

async function damageAndHeal(server: BlackBoxServer, name: string, damage: Damage, look: string): Promise<void> {
  const image = await pushImage(server, name);
  const file = await findStoredFile(server.data, image.layer);
  await damage(file, await findStoredFile(server.data, image.neighbour));
  if (look === 'GET') await assertNotServedWhole(server, image.layer);
  if (look === 'GET of a range') await assertNoWrongRange(server, image.layer);
  if (look === 'BatchCheckLayerAvailability') await assertUnavailable(server, image.layer);
  await assertAbsent(server, image.layer);
  if (!name.startsWith('a swapped')) await assertServed(server, image.neighbour);
  await assertHeals(server, image);
}

function getLayer(server: BlackBoxServer, content: Content, headers: Record<string, string> = {}) {
  return callRegistry(server.trial, { method: 'GET', path: `/v2/app/blobs/${content.digest}`, headers });
}

async function assertServed(server: BlackBoxServer, content: Content): Promise<void> {
  const answer = await getLayer(server, content);
  assert.equal(answer.status, 200);
  assert.equal(sha256Digest(answer.body), content.digest);
}

/** Either refused, or cut off before its end: a client must be able to tell. */
async function assertNotServedWhole(server: BlackBoxServer, content: Content): Promise<void> {
  const answer = await getLayer(server, content);
  if (answer.status === 200) assert.equal(answer.whole, false, 'wrong bytes were served as whole');
  else assert.equal(answer.status, 404);
}

async function assertNoWrongRange(server: BlackBoxServer, content: Content): Promise<void> {
  const answer = await getLayer(server, content, { range: 'bytes=50-149' });
  if (answer.status === 206) assert.deepEqual(answer.body, contentSlice(content, 50, 149));
  else assert.equal(answer.status, 404);
}

async function assertUnavailable(server: BlackBoxServer, content: Content): Promise<void> {
  const answer = await callAws(server.trial, 'BatchCheckLayerAvailability', {
    repositoryName: 'app',
    layerDigests: [content.digest],
  });
  assert.equal(answer.output.layers[0]?.layerAvailability ?? 'UNAVAILABLE', 'UNAVAILABLE', answer.text);
}

async function assertAbsent(server: BlackBoxServer, content: Content): Promise<void> {
  const path = `/v2/app/blobs/${content.digest}`;
  assert.equal((await callRegistry(server.trial, { method: 'HEAD', path })).status, 404);
  assert.equal((await callRegistry(server.trial, { method: 'GET', path })).status, 404);
}

async function assertHeals(server: BlackBoxServer, image: PushedImage): Promise<void> {
  const answer = await image.push();
  assert.equal(answer.status, 201, answer.body.toString());
  await assertServed(server, image.layer);
  await assertServed(server, image.neighbour);
  assert.equal(
    (await callRegistry(server.trial, { method: 'GET', path: `/v2/app/manifests/${image.tag}` })).status,
    200,
  );
}

async function flip(file: string, at: number): Promise<void> {
  const byte = (await readFile(file))[at]!;
  const handle = await open(file, 'r+');
  await handle.write(Buffer.from([byte ^ 1]), 0, 1, at);
  await handle.close();
}
