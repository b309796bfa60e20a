/** skopeo: copies between an OCI layout and the registry; alone among the Debian clients in pushing every platform of an index. */
import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeOciLayout } from '../support/image-archives.ts';
import { makeIndex } from '../support/make-image.ts';
import { clientScenario, useScene } from './client-scenario.ts';
import type { OpenSession } from './client-session.ts';
import { clientSuite } from './client-suite.ts';
import { layoutConfigDigest } from './oci-layout.ts';
import { runProgram } from './run-program.ts';

const skopeo = (...args: string[]) => ['skopeo', '--insecure-policy', ...args];

const openSkopeo: OpenSession = async (server, scratch) => {
  const auth = ['--authfile', join(scratch, 'auth.json')];
  return {
    login: async (password) => {
      const flags = ['--tls-verify=false', '--username', 'AWS', '--password-stdin'];
      await runProgram(skopeo('login', ...auth, ...flags, server.host), { input: password });
    },
    push: async (image, reference) => {
      const layout = await mkdtemp(join(scratch, 'push-'));
      await writeOciLayout(layout, image, 'latest');
      const flags = ['--dest-tls-verify=false', '--preserve-digests'];
      await runProgram(skopeo('copy', ...auth, ...flags, `oci:${layout}:latest`, `docker://${reference}`));
    },
    pull: async (reference) => {
      const layout = await mkdtemp(join(scratch, 'pull-'));
      await runProgram(
        skopeo('copy', ...auth, '--src-tls-verify=false', `docker://${reference}`, `oci:${layout}:latest`),
      );
      return layoutConfigDigest(layout);
    },
    remove: async (repository, tag) => {
      await runProgram(skopeo('delete', ...auth, '--tls-verify=false', `docker://${repository}:${tag}`));
    },
    close: async () => undefined,
  };
};

clientSuite('skopeo', { programs: ['skopeo'] }, () => {
  const scene = useScene(openSkopeo);
  clientScenario(scene);

  for (const format of ['oci', 'docker'] as const) {
    test(`copies all platforms of an ${format} index, and back`, async () => {
      const { session, registry, token, scratch, createRepository } = scene();
      const uri = await createRepository(`platforms-${format}`);
      await session.login(token);
      const index = makeIndex({ seed: `platforms-${format}`, format, architectures: ['amd64', 'arm64', 's390x'] });
      await registry.pushImage(`platforms-${format}`, index, 'source');

      const flags = ['--all', '--preserve-digests', '--authfile', join(scratch, 'auth.json')];
      const insecure = ['--src-tls-verify=false', '--dest-tls-verify=false'];
      await createRepository(`platforms-${format}-copy`);
      await runProgram(skopeo('copy', ...flags, ...insecure, `docker://${uri}:source`, `docker://${uri}-copy:v1`));
      assert.equal(await registry.checkImage(`platforms-${format}-copy`, 'v1'), index.digest);
    });
  }

  test('inspect and list-tags answer', async () => {
    const { session, registry, token, scratch, createRepository } = scene();
    const uri = await createRepository('inspected');
    await session.login(token);
    const image = makeIndex({ seed: 'inspected', architectures: ['amd64'] });
    await registry.pushImage('inspected', image, 'v1');
    await registry.pushManifest('inspected', 'v2', image.bytes, image.mediaType);
    const flags = ['--tls-verify=false', '--authfile', join(scratch, 'auth.json')];
    const inspected = JSON.parse(await runProgram(skopeo('inspect', ...flags, `docker://${uri}:v1`)));
    assert.equal(inspected.Digest, image.digest);
    const { Tags } = JSON.parse(await runProgram(skopeo('list-tags', ...flags, `docker://${uri}`)));
    assert.deepEqual(Tags, ['v1', 'v2']);
  });
});
