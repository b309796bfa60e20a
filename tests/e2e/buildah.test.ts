/** buildah: builds from nothing and pushes what it built. */
import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { clientScenario, configDigest, useScene } from './client-scenario.ts';
import { clientSuite } from './client-suite.ts';
import { type ContainersSession, openContainersStorage } from './containers-storage-session.ts';

clientSuite('buildah', { programs: ['buildah'], root: true }, () => {
  let buildah: ContainersSession | undefined;
  const scene = useScene(async (server, scratch) => {
    buildah = await openContainersStorage('buildah', server, scratch);
    return buildah;
  });
  clientScenario(scene);

  for (const format of ['oci', 'docker']) {
    test(`a Containerfile is built as ${format}, pushed and pulled`, async () => {
      const { session, registry, token, scratch, createRepository } = scene();
      assert.ok(buildah !== undefined);
      const repository = `built-${format}`;
      const uri = await createRepository(repository);
      await session.login(token);
      const context = await mkdtemp(join(scratch, 'context-'));
      await writeFile(join(context, 'Containerfile'), 'FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n');
      await writeFile(join(context, 'hello'), `hello from ${format}\n`);
      await buildah.run(['build', '--isolation', 'chroot', '--format', format, '--tag', `${uri}:v1`, context]);
      await buildah.run(['push', ...buildah.remote, `${uri}:v1`]);
      await registry.checkImage(repository, 'v1');
      assert.equal(await session.pull(`${uri}:v1`), await configDigest(registry, repository, 'v1'));
    });
  }
});
