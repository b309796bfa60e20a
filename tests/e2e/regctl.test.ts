/** regctl: referrers, artifacts and the deletion of single tags. */
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
import { type RunOptions, runProgram } from './run-program.ts';

const regctl = (scratch: string, args: readonly string[], options: RunOptions = {}) =>
  runProgram(['regctl', ...args], { ...options, env: { REGCTL_CONFIG: join(scratch, 'regctl.json') } });

const openRegctl: OpenSession = async (server, scratch) => {
  await regctl(scratch, ['registry', 'set', '--tls', 'disabled', '--skip-check', server.host]);
  return {
    login: async (password) => {
      await regctl(scratch, ['registry', 'login', server.host, '--user', 'AWS', '--pass-stdin'], { input: password });
    },
    push: async (image, reference) => {
      const layout = await mkdtemp(join(scratch, 'push-'));
      await writeOciLayout(layout, image, 'latest');
      await regctl(scratch, ['image', 'copy', `ocidir://${layout}:latest`, reference]);
    },
    pull: async (reference) => {
      const layout = await mkdtemp(join(scratch, 'pull-'));
      await regctl(scratch, ['image', 'copy', reference, `ocidir://${layout}:latest`]);
      return layoutConfigDigest(layout);
    },
    remove: async (repository, tag) => {
      await regctl(scratch, ['tag', 'delete', `${repository}:${tag}`]);
    },
    close: async () => undefined,
  };
};

clientSuite('regctl', { programs: ['regctl'] }, () => {
  const scene = useScene(openRegctl);
  clientScenario(scene);

  const run = ({ scratch }: Scene, args: readonly string[], options: RunOptions = {}) => regctl(scratch, args, options);

  test('an artifact points at its subject and is found as its referrer, by type', async () => {
    const { session, registry, token, createRepository } = scene();
    const uri = await createRepository('signed');
    await session.login(token);
    const image = makeImage({ seed: 'signed' });
    await registry.pushImage('signed', image, 'v1');
    for (const kind of ['sbom', 'signature']) {
      const flags = ['--artifact-type', `application/vnd.example.${kind}`, '--subject', `${uri}:v1`];
      await run(scene(), ['artifact', 'put', ...flags], { input: kind });
    }
    const list = async (...flags: string[]) =>
      JSON.parse(await run(scene(), ['artifact', 'list', `${uri}:v1`, '--format', '{{json .}}', ...flags]));
    const typesOf = (listed: { descriptors: { artifactType: string }[] }) =>
      listed.descriptors.map(({ artifactType }) => artifactType).sort();
    assert.deepEqual(typesOf(await list()), ['application/vnd.example.sbom', 'application/vnd.example.signature']);
    assert.deepEqual(typesOf(await list('--filter-artifact-type', 'application/vnd.example.sbom')), [
      'application/vnd.example.sbom',
    ]);
    const flags = ['--subject', `${uri}:v1`, '--filter-artifact-type', 'application/vnd.example.signature'];
    assert.equal(await run(scene(), ['artifact', 'get', ...flags]), 'signature');
  });

  test('copies an image with its referrers', async () => {
    const { session, registry, token, createRepository } = scene();
    const from = await createRepository('referrers/from');
    const to = await createRepository('referrers/to');
    await session.login(token);
    const index = makeIndex({ seed: 'referrers' });
    await registry.pushImage('referrers/from', index, 'v1');
    const flags = ['--artifact-type', 'application/vnd.example.sbom', '--subject', `${from}:v1`];
    await run(scene(), ['artifact', 'put', ...flags], { input: 'an sbom' });
    await run(scene(), ['image', 'copy', '--referrers', `${from}:v1`, `${to}:v1`]);
    assert.equal(await registry.checkImage('referrers/to', 'v1'), index.digest);
    const tree = await run(scene(), ['artifact', 'tree', `${to}:v1`]);
    assert.match(tree, /application\/vnd\.example\.sbom/);
  });

  test('deleting a tag leaves the other tag of the same image', async () => {
    const { session, registry, token, createRepository } = scene();
    const uri = await createRepository('two-tags');
    await session.login(token);
    const image = makeImage({ seed: 'two-tags' });
    await registry.pushImage('two-tags', image, 'v1');
    await registry.pushManifest('two-tags', 'v2', image.bytes, image.mediaType);
    await run(scene(), ['tag', 'delete', `${uri}:v1`]);
    assert.equal(await run(scene(), ['tag', 'ls', uri]), 'v2');
    assert.equal(await registry.checkImage('two-tags', 'v2'), image.digest);
  });

  test('single blobs are put, found and read; a tampered digest is refused', async () => {
    const { session, token, createRepository } = scene();
    const uri = await createRepository('blobs');
    await session.login(token);
    const digest = await run(scene(), ['blob', 'put', uri], { input: 'some bytes' });
    assert.equal(await run(scene(), ['blob', 'get', uri, digest]), 'some bytes');
    await run(scene(), ['blob', 'head', uri, digest]);
    const wrong = `sha256:${'0'.repeat(64)}`;
    await assert.rejects(run(scene(), ['blob', 'put', uri, '--digest', wrong], { input: 'other bytes' }));
  });
});
