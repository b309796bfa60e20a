/** An image whose layer somebody damages behind the server's back, and what must come of it: never served as whole, absent, healed by a push. */
import assert from 'node:assert/strict';
import { type Content, contentSlice, makeContent, sha256Digest } from '../black-box/content.ts';
import type { BlackBoxServer } from './black-box-server.ts';
import { pushImageAsDocker } from './push-as-docker.ts';
import { makeImage } from './push-manifest.ts';
import { callAws, callRegistry } from './trial.ts';

/** More than one block of any size that is sensible, so that a damaged beginning has a whole block behind it. */
export const SIZE = 3 * 2 ** 20 + 12_345;

/** What a client does first with the damaged layer. */
export const FIRST_LOOKS = ['GET', 'GET of a range', 'HEAD', 'BatchCheckLayerAvailability'] as const;

export interface PushedImage {
  readonly tag: string;
  readonly layer: Content;
  /** Lies in the same repository and is left in peace, except when objects are swapped. */
  readonly neighbour: Content;
  readonly push: () => ReturnType<typeof pushImageAsDocker>;
}

/** Throws when it is not taken. The repository `app` is there. */
export async function pushImage(server: BlackBoxServer, name: string): Promise<PushedImage> {
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

/** The first look, then every other; throws AssertionError for what must not be. */
export async function assertDamageIsSeen(server: BlackBoxServer, image: PushedImage, look: string): Promise<void> {
  if (look === 'GET') await assertNotServedWhole(server, image.layer);
  if (look === 'GET of a range') await assertNoWrongRange(server, image.layer);
  if (look === 'BatchCheckLayerAvailability') await assertUnavailable(server, image.layer);
  await assertAbsent(server, image.layer);
}

function getLayer(server: BlackBoxServer, content: Content, headers: Record<string, string> = {}) {
  return callRegistry(server.trial, { method: 'GET', path: `/v2/app/blobs/${content.digest}`, headers });
}

export async function assertServed(server: BlackBoxServer, content: Content): Promise<void> {
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

export async function assertAbsent(server: BlackBoxServer, content: Content): Promise<void> {
  const path = `/v2/app/blobs/${content.digest}`;
  assert.equal((await callRegistry(server.trial, { method: 'HEAD', path })).status, 404);
  assert.equal((await callRegistry(server.trial, { method: 'GET', path })).status, 404);
}

export async function assertHeals(server: BlackBoxServer, image: PushedImage): Promise<void> {
  const answer = await image.push();
  assert.equal(answer.status, 201, answer.body.toString());
  await assertServed(server, image.layer);
  await assertServed(server, image.neighbour);
  assert.equal(
    (await callRegistry(server.trial, { method: 'GET', path: `/v2/app/manifests/${image.tag}` })).status,
    200,
  );
}
