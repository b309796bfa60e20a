/** Two clients push at the same time, with layers in common, into one repository and under one tag. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeOciLayout } from '../support/image-archives.ts';
import { makeImage } from '../support/make-image.ts';
import { useScene } from './client-scenario.ts';
import { clientSuite } from './client-suite.ts';
import { noSession } from './no-session.ts';
import { runProgram } from './run-program.ts';

clientSuite('skopeo and crane at once', { programs: ['skopeo', 'crane'] }, () => {
  const scene = useScene(async (server, scratch) => ({
    ...(await noSession(server, scratch)),
    login: async (password) => {
      const flags = ['--username', 'AWS', '--password-stdin'];
      const options = { env: { DOCKER_CONFIG: scratch }, input: password };
      await runProgram(['crane', 'auth', 'login', server.host, ...flags], options);
    },
  }));

  const skopeoPush = (scratch: string, layout: string, reference: string) => {
    const flags = ['--authfile', join(scratch, 'config.json'), '--dest-tls-verify=false', '--preserve-digests'];
    return runProgram([
      'skopeo',
      '--insecure-policy',
      'copy',
      ...flags,
      `oci:${layout}:latest`,
      `docker://${reference}`,
    ]);
  };
  const cranePush = (scratch: string, layout: string, reference: string) =>
    runProgram(['crane', 'push', layout, reference], { env: { DOCKER_CONFIG: scratch } });

  test('the same new image, pushed by six at once, arrives once and whole', async () => {
    const { session, registry, token, scratch, createRepository } = scene();
    const uri = await createRepository('same');
    await session.login(token);
    const image = makeImage({ seed: 'same', layers: 4, layerBytes: 3_000_000 });
    const layout = join(scratch, 'same');
    await mkdir(layout);
    await writeOciLayout(layout, image, 'latest');
    await Promise.all([
      ...[1, 2, 3].map((at) => skopeoPush(scratch, layout, `${uri}:s${at}`)),
      ...[1, 2, 3].map((at) => cranePush(scratch, layout, `${uri}:c${at}`)),
    ]);
    for (const tag of ['s1', 's2', 's3', 'c1', 'c2', 'c3']) {
      assert.equal(await registry.checkImage('same', tag), image.digest);
    }
  });

  test('two images race for one tag: one of them wins wholly, both stay', async () => {
    const { session, registry, token, scratch, createRepository } = scene();
    const uri = await createRepository('race');
    await session.login(token);
    const images = ['left', 'right'].map((seed) => makeImage({ seed, layers: 2, layerBytes: 500_000 }));
    const pushes = images.map(async (image, at) => {
      const layout = join(scratch, `race-${at}`);
      await mkdir(layout);
      await writeOciLayout(layout, image, 'latest');
      await (at === 0 ? skopeoPush : cranePush)(scratch, layout, `${uri}:latest`);
    });
    await Promise.all(pushes);
    const winner = await registry.checkImage('race', 'latest');
    assert.ok(images.some(({ digest }) => digest === winner));
    for (const { digest } of images) assert.equal(await registry.checkImage('race', digest), digest);
  });
});
