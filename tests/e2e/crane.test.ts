/** crane: the quickest client; copies, lists, deletes and mutates. */
import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeOciLayout } from '../support/image-archives.ts';
import { makeImage, makeIndex } from '../support/make-image.ts';
import { clientScenario, type Scene, useScene } from './client-scenario.ts';
import type { OpenSession } from './client-session.ts';
import { clientSuite } from './client-suite.ts';
import { layoutConfigDigest } from './oci-layout.ts';
import { runProgram } from './run-program.ts';

const openCrane: OpenSession = async (server, scratch) => {
  const env = { DOCKER_CONFIG: scratch };
  return {
    login: async (password) => {
      const flags = ['--username', 'AWS', '--password-stdin'];
      await runProgram(['crane', 'auth', 'login', server.host, ...flags], { env, input: password });
    },
    push: async (image, reference) => {
      const layout = await mkdtemp(join(scratch, 'push-'));
      await writeOciLayout(layout, image, 'latest');
      await runProgram(['crane', 'push', layout, reference], { env });
    },
    pull: async (reference) => {
      const layout = join(await mkdtemp(join(scratch, 'pull-')), 'layout');
      await runProgram(['crane', 'pull', '--format', 'oci', reference, layout], { env });
      return layoutConfigDigest(layout);
    },
    remove: async (repository, _tag, digest) => {
      await runProgram(['crane', 'delete', `${repository}@${digest}`], { env });
    },
    close: async () => undefined,
  };
};

clientSuite('crane', { programs: ['crane'] }, () => {
  const scene = useScene(openCrane);
  clientScenario(scene);

  const crane = ({ scratch }: Scene, ...args: string[]) =>
    runProgram(['crane', ...args], { env: { DOCKER_CONFIG: scratch } });

  test('copies an index to another repository: layers are mounted, nothing changes', async () => {
    const { session, registry, token, createRepository } = scene();
    const from = await createRepository('copy/from');
    const to = await createRepository('copy/to');
    await session.login(token);
    const index = makeIndex({ seed: 'copy' });
    await registry.pushImage('copy/from', index, 'v1');
    await crane(scene(), 'copy', `${from}:v1`, `${to}:v1`);
    assert.equal(await registry.checkImage('copy/to', 'v1'), index.digest);
  });

  test('digest, manifest, config, ls, tag and blob answer what was pushed', async () => {
    const { session, registry, token, createRepository } = scene();
    const uri = await createRepository('looked-at');
    await session.login(token);
    const image = makeImage({ seed: 'looked-at' });
    await registry.pushImage('looked-at', image, 'v1');
    await crane(scene(), 'tag', `${uri}:v1`, 'v2');
    assert.equal(await crane(scene(), 'ls', uri), 'v1\nv2');
    assert.equal(await crane(scene(), 'digest', `${uri}:v2`), image.digest);
    assert.equal(await crane(scene(), 'manifest', `${uri}:v1`), image.bytes.toString('utf8'));
    assert.equal(await crane(scene(), 'config', `${uri}:v1`), image.config.bytes.toString('utf8'));
    await crane(scene(), 'validate', '--remote', `${uri}:v1`);
  });

  test('mutate and append push what they make of an image', async () => {
    const { session, registry, token, createRepository } = scene();
    const uri = await createRepository('changed');
    await session.login(token);
    const image = makeImage({ seed: 'changed' });
    await registry.pushImage('changed', image, 'v1');
    await crane(scene(), 'mutate', `${uri}:v1`, '--label', 'colour=green', '--tag', `${uri}:v2`);
    assert.notEqual(await registry.checkImage('changed', 'v2'), image.digest);
    const config = JSON.parse(await crane(scene(), 'config', `${uri}:v2`));
    assert.equal(config.config.Labels.colour, 'green');
  });
});
