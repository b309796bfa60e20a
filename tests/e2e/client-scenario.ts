/** What every client must be able to do and must be told, whichever it is. Each test has a repository of its own. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { callEcr } from '../support/call-ecr.ts';
import { makeImage } from '../support/make-image.ts';
import { type RegistryClient, registryClient } from '../support/registry-client.ts';
import { type SpawnedServer, spawnServer } from '../support/spawn-server.ts';
import type { ClientSession, OpenSession } from './client-session.ts';

export interface Scene {
  readonly server: SpawnedServer;
  readonly session: ClientSession;
  readonly scratch: string;
  readonly registry: RegistryClient;
  readonly token: string;
  /** Makes a repository and answers `<host>/<name>`. */
  createRepository(name: string, input?: Readonly<Record<string, unknown>>): Promise<string>;
}

/**
 * Starts the real program and the client around the tests of a suite. The answer may be used inside tests only; where the start
 * failed it throws the reason, so that every test shows it.
 */
export function useScene(open: OpenSession): () => Scene {
  const ends: (() => Promise<unknown>)[] = [];
  let scene: Scene | undefined;
  let problem: unknown = new Error('a scene is for use inside tests');

  before(async () => {
    try {
      scene = await openScene(open, ends);
    } catch (error) {
      problem = error;
    }
  });

  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  return () => {
    if (scene === undefined) throw problem;
    return scene;
  };
}

/** Each thing that was started leaves its end in `ends`, also when the next one fails. */
async function openScene(open: OpenSession, ends: (() => Promise<unknown>)[]): Promise<Scene> {
  const scratch = await mkdtemp(join(tmpdir(), 'longshore-e2e-'));
  ends.push(() => rm(scratch, { recursive: true, force: true }));
  const server = await spawnServer();
  ends.push(() => server.stop());
  const token = await server.dockerToken();
  const session = await open(server, scratch);
  ends.push(() => session.close());
  return {
    server,
    scratch,
    token,
    session,
    registry: registryClient({ origin: server.origin, token }),
    createRepository: async (name, input = {}) => {
      await callEcr(server.origin, server, 'CreateRepository', { repositoryName: name, ...input });
      return `${server.host}/${name}`;
    },
  };
}

export interface Wording {
  /** Some clients show only the status, not what the server says. */
  readonly missingRepository?: RegExp;
  readonly immutableTag?: RegExp;
}

/** Declares the tests; call it inside `clientSuite`. */
export function clientScenario(scene: () => Scene, wording: Wording = {}): void {
  test('a wrong password is refused, and the client says so', async () => {
    const { session, createRepository } = scene();
    const uri = await createRepository('wrong-password');
    await assert.rejects(async () => {
      await session.login('not-a-token');
      await session.pull(`${uri}:v1`);
      // ECR answers 400 with "Your Authorization Token is invalid."; docker and ctr show the status only.
    }, /Authorization Token is invalid|400 \(?Bad Request/);
  });

  test('what is pushed is stored whole, shown by DescribeImages and pulled back the same', async () => {
    const { session, registry, server, token, createRepository } = scene();
    const uri = await createRepository('team/app');
    await session.login(token);
    await session.push(makeImage({ seed: 'app', layers: 3, layerBytes: 40_000 }), `${uri}:v1`);

    const digest = await registry.checkImage('team/app', 'v1');
    const { imageDetails } = await callEcr<{ imageDetails: { imageDigest: string; imageTags: string[] }[] }>(
      server.origin,
      server,
      'DescribeImages',
      { repositoryName: 'team/app', imageIds: [{ imageTag: 'v1' }] },
    );
    assert.deepEqual(
      imageDetails.map(({ imageDigest, imageTags }) => ({ imageDigest, imageTags })),
      [{ imageDigest: digest, imageTags: ['v1'] }],
    );
    assert.equal(await session.pull(`${uri}:v1`), await configDigest(registry, 'team/app', 'v1'));
  });

  test('the same image again changes nothing', async () => {
    const { session, registry, token, createRepository } = scene();
    const uri = await createRepository('twice');
    const image = makeImage({ seed: 'twice' });
    await session.login(token);
    await session.push(image, `${uri}:v1`);
    const first = await registry.checkImage('twice', 'v1');
    await session.push(image, `${uri}:v1`);
    assert.equal(await registry.checkImage('twice', 'v1'), first);
  });

  test('a push into a repository that does not exist names it', async () => {
    const { session, server, token } = scene();
    await session.login(token);
    await assert.rejects(
      session.push(makeImage({ seed: 'nowhere' }), `${server.host}/no/where:v1`),
      wording.missingRepository ??
        /The repository with name 'no\/where' does not exist in the registry with id '000000000000'/,
    );
  });

  test('a pull of a tag that does not exist is refused', async () => {
    const { session, token, createRepository } = scene();
    const uri = await createRepository('no-tag');
    await session.login(token);
    await assert.rejects(session.pull(`${uri}:missing`), /not found|unknown|does not exist|404/i);
  });

  test('a tag of an immutable repository keeps its image', async () => {
    const { session, registry, token, createRepository } = scene();
    const uri = await createRepository('fixed', { imageTagMutability: 'IMMUTABLE' });
    await session.login(token);
    await session.push(makeImage({ seed: 'first' }), `${uri}:v1`);
    const first = await registry.checkImage('fixed', 'v1');
    await assert.rejects(
      session.push(makeImage({ seed: 'second' }), `${uri}:v1`),
      wording.immutableTag ?? /The image tag 'v1' already exists in the 'fixed' repository and cannot be overwritten/,
    );
    assert.equal(await registry.checkImage('fixed', 'v1'), first);
  });

  test('a deleted image is gone', async () => {
    const { session, registry, server, token, createRepository } = scene();
    const uri = await createRepository('gone');
    await session.login(token);
    await session.push(makeImage({ seed: 'gone' }), `${uri}:v1`);
    const digest = await registry.checkImage('gone', 'v1');
    if (session.remove === undefined) {
      const imageIds = [{ imageDigest: digest }];
      await callEcr(server.origin, server, 'BatchDeleteImage', { repositoryName: 'gone', imageIds });
    } else {
      await session.remove(uri, 'v1', digest);
    }
    await assert.rejects(session.pull(`${uri}:v1`), /not found|unknown|does not exist|404/i);
    assert.equal((await registry.getManifest('gone', 'v1')).status, 404);
  });
}

/** Of the image as the registry holds it: docker compresses layers anew, but the config stays. */
export async function configDigest(registry: RegistryClient, repository: string, reference: string): Promise<string> {
  const manifest = JSON.parse((await registry.getManifest(repository, reference)).body.toString('utf8'));
  return manifest.config.digest;
}
