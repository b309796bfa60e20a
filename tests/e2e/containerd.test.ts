/** containerd through ctr: what a Kubernetes node pulls with. A daemon of the test's own, unpacking with the native snapshotter. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeImageArchive } from '../support/image-archives.ts';
import { makeIndex } from '../support/make-image.ts';
import { clientScenario, useScene } from './client-scenario.ts';
import type { OpenSession } from './client-session.ts';
import { clientSuite } from './client-suite.ts';
import { startDaemon } from './daemon.ts';
import { runProgram } from './run-program.ts';

const openContainerd: OpenSession = async (_server, scratch) => {
  const folder = join(scratch, 'containerd');
  const socket = join(folder, 'containerd.sock');
  const config = join(folder, 'config.toml');
  await mkdir(folder, { recursive: true });
  const settings = ['version = 2', 'disabled_plugins = ["io.containerd.grpc.v1.cri"]'];
  await writeFile(config, `${settings.join('\n')}\n`);
  const ctr = (...args: string[]) => runProgram(['ctr', '--address', socket, ...args]);
  const daemon = await startDaemon({
    command: [
      'containerd',
      ...['--config', config, '--address', socket],
      ...['--root', join(folder, 'root'), '--state', join(folder, 'state')],
    ],
    probe: ['ctr', '--address', socket, 'version'],
  });
  let user: string[] = [];
  let archives = 0;
  return {
    // ctr keeps no credentials: they go with every command.
    login: async (password) => {
      user = ['--user', `AWS:${password}`];
    },
    push: async (image, reference) => {
      archives += 1;
      const archive = join(scratch, `containerd-${archives}.tar`);
      await writeImageArchive(archive, image, reference);
      await ctr('images', 'import', '--no-unpack', archive);
      await ctr('images', 'push', '--plain-http', ...user, reference);
    },
    pull: async (reference) => {
      const names = (await ctr('images', 'ls', '--quiet')).split('\n').filter((name) => name !== '');
      if (names.length > 0) await ctr('images', 'rm', '--sync', ...names);
      await ctr('images', 'pull', '--plain-http', '--snapshotter', 'native', ...user, reference);
      const [, line = ''] = (await ctr('images', 'ls', `name==${reference}`)).split('\n');
      const digest = /sha256:[0-9a-f]{64}/.exec(line)?.[0] ?? '';
      const manifest = JSON.parse(await ctr('content', 'get', digest));
      return manifest.config.digest;
    },
    close: () => daemon.stop(),
  };
};

clientSuite('containerd', { programs: ['containerd', 'ctr'], root: true }, () => {
  const scene = useScene(openContainerd);
  // Of an answer to HEAD, which has no body, ctr can only show the status; of others it shows no more.
  clientScenario(scene, {
    missingRepository: /not found|404|does not exist/i,
    immutableTag: /400|409|unexpected status|already exists/i,
  });

  test('pulls all platforms of an index', async () => {
    const { session, registry, token, scratch, server, createRepository } = scene();
    const uri = await createRepository('platforms');
    await session.login(token);
    const index = makeIndex({ seed: 'platforms', architectures: ['amd64', 'arm64'] });
    await registry.pushImage('platforms', index, 'v1');
    const address = ['ctr', '--address', join(scratch, 'containerd', 'containerd.sock')];
    const flags = ['--plain-http', '--all-platforms', '--snapshotter', 'native', '--user', `AWS:${token}`];
    await runProgram([...address, 'images', 'pull', ...flags, `${uri}:v1`]);
    const listed = await runProgram([...address, 'images', 'ls', `name==${uri}:v1`]);
    assert.ok(listed.includes(index.digest), `${server.host}: ${listed}`);
    for (const image of index.images) await runProgram([...address, 'content', 'get', image.config.digest]);
  });
});
