/** podman: the docker of machines without a daemon. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeImage } from '../support/make-image.ts';
import { tarOf } from '../support/tar.ts';
import { clientScenario, configDigest, useScene } from './client-scenario.ts';
import { clientSuite } from './client-suite.ts';
import { type ContainersSession, openContainersStorage } from './containers-storage-session.ts';

clientSuite('podman', { programs: ['podman'], root: true }, () => {
  let podman: ContainersSession | undefined;
  const scene = useScene(async (server, scratch) => {
    podman = await openContainersStorage('podman', server, scratch);
    return podman;
  });
  clientScenario(scene);

  const run = (...args: string[]) => {
    assert.ok(podman !== undefined);
    return podman.run(args);
  };

  test('what podman import makes is pushed and comes back', async () => {
    const { session, registry, token, scratch, createRepository } = scene();
    const uri = await createRepository('imported');
    await session.login(token);
    const tar = join(scratch, 'rootfs.tar');
    await writeFile(tar, tarOf([{ name: 'hello', content: Buffer.from('hello\n') }]));
    await run('import', '--quiet', tar, `${uri}:v1`);
    await run('push', ...(podman?.remote ?? []), `${uri}:v1`);
    await registry.checkImage('imported', 'v1');
    assert.equal(await session.pull(`${uri}:v1`), await configDigest(registry, 'imported', 'v1'));
  });

  test('podman manifest makes and pushes an index', async () => {
    const { session, registry, token, createRepository } = scene();
    const uri = await createRepository('listed');
    await session.login(token);
    const remote = podman?.remote ?? [];
    await run('manifest', 'create', 'all');
    for (const architecture of ['amd64', 'arm64']) {
      await registry.pushImage('listed', makeImage({ seed: `listed/${architecture}`, architecture }), architecture);
      await run('manifest', 'add', ...remote, 'all', `docker://${uri}:${architecture}`);
    }
    await run('manifest', 'push', ...remote, '--all', 'all', `docker://${uri}:all`);
    await registry.checkImage('listed', 'all');
    const index = JSON.parse((await registry.getManifest('listed', 'all')).body.toString('utf8'));
    assert.equal(index.manifests.length, 2);
  });
});
