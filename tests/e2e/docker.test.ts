/** docker, the client that matters most: a real daemon pushes, pulls, tags and reads manifests. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { callEcr } from '../support/call-ecr.ts';
import { makeImage, makeIndex } from '../support/make-image.ts';
import { tarOf } from '../support/tar.ts';
import { awsEnvironment } from './aws-environment.ts';
import { clientScenario, configDigest, useScene } from './client-scenario.ts';
import { clientSuite, isOnPath } from './client-suite.ts';
import { type DockerSession, forgetImages, openDocker } from './docker-session.ts';
import { runProgram } from './run-program.ts';

clientSuite('docker', { programs: ['docker', 'dockerd'], root: true }, () => {
  let daemon: DockerSession | undefined;
  const scene = useScene(async (server, scratch) => {
    daemon = await openDocker(server.host, scratch);
    return daemon;
  });
  const docker: DockerSession['docker'] = (args, options) => {
    assert.ok(daemon !== undefined);
    return daemon.docker(args, options);
  };

  clientScenario(scene);

  test('logs in with the password of aws ecr get-login-password', {
    skip: !isOnPath('aws') && 'no aws on PATH',
  }, async () => {
    const { server } = scene();
    const password = await runProgram(['aws', 'ecr', 'get-login-password'], { env: awsEnvironment(server) });
    const said = await docker(['login', '--username', 'AWS', '--password-stdin', server.host], { input: password });
    assert.match(said, /Login Succeeded/);
  });

  test('push of a repository that needs a login says that credentials are missing', async () => {
    const { server, createRepository } = scene();
    const uri = await createRepository('no-login');
    await docker(['logout', server.host]);
    await docker(['import', '-', `${uri}:v1`], {
      input: tarOf([{ name: 'a', content: Buffer.from('a') }]).toString('latin1'),
    });
    await assert.rejects(docker(['push', `${uri}:v1`]), /no basic auth credentials|unauthorized/i);
  });

  test('docker create works on what was pulled', async () => {
    const { session, token, createRepository } = scene();
    const uri = await createRepository('created');
    await session.login(token);
    await session.push(makeImage({ seed: 'created' }), `${uri}:v1`);
    await forgetImages(docker);
    const container = await docker(['create', '--pull', 'always', `${uri}:v1`]);
    const id = container.split('\n').at(-1) ?? '';
    assert.match(id, /^[0-9a-f]{64}$/);
    await docker(['rm', id]);
  });

  test('an image of 35 layers', async () => {
    const { session, registry, token, createRepository } = scene();
    const uri = await createRepository('many-layers');
    await session.login(token);
    await session.push(makeImage({ seed: 'many', layers: 35, layerBytes: 2_000 }), `${uri}:v1`);
    await registry.checkImage('many-layers', 'v1');
    assert.equal(await session.pull(`${uri}:v1`), await configDigest(registry, 'many-layers', 'v1'));
  });

  test('a layer of 100 MB', async () => {
    const { session, registry, token, createRepository } = scene();
    const uri = await createRepository('large');
    await session.login(token);
    await session.push(makeImage({ seed: 'large', layers: 1, layerBytes: 100_000_000 }), `${uri}:v1`);
    const expected = await configDigest(registry, 'large', 'v1');
    await registry.checkImage('large', 'v1');
    assert.equal(await session.pull(`${uri}:v1`), expected);
  });

  test('a new tag of the same image sends no layer again; both tags give one digest', async () => {
    const { session, registry, server, token, createRepository } = scene();
    const uri = await createRepository('retagged');
    await session.login(token);
    await session.push(makeImage({ seed: 'retagged' }), `${uri}:v1`);
    await docker(['tag', `${uri}:v1`, `${uri}:v2`]);
    const said = await docker(['push', `${uri}:v2`]);
    assert.match(said, /Layer already exists/);
    assert.equal(await registry.checkImage('retagged', 'v2'), await registry.checkImage('retagged', 'v1'));
    const { imageDetails } = await callEcr<{ imageDetails: { imageTags: string[] }[] }>(
      server.origin,
      server,
      'DescribeImages',
      { repositoryName: 'retagged' },
    );
    assert.deepEqual(
      imageDetails.map(({ imageTags }) => imageTags.toSorted()),
      [['v1', 'v2']],
    );
  });

  test('a layer of another repository is mounted', async () => {
    const { session, token, createRepository } = scene();
    const from = await createRepository('mount/from');
    const to = await createRepository('mount/to');
    await session.login(token);
    await session.push(makeImage({ seed: 'mounted' }), `${from}:v1`);
    await docker(['tag', `${from}:v1`, `${to}:v1`]);
    assert.match(await docker(['push', `${to}:v1`]), /Mounted from mount\/from/);
  });

  test('pulls by digest, and its own platform out of an index', async () => {
    const { session, registry, token, createRepository } = scene();
    const uri = await createRepository('index');
    await session.login(token);
    const index = makeIndex({ seed: 'index', format: 'docker', architectures: ['amd64', 'arm64'] });
    await registry.pushImage('index', index, 'v1');
    const architecture = await docker(['version', '--format', '{{.Server.Arch}}']);
    const own = index.images[['amd64', 'arm64'].indexOf(architecture)];
    assert.ok(own !== undefined, `no image for ${architecture}`);
    assert.equal(await session.pull(`${uri}:v1`), own.config.digest);
    assert.equal(await session.pull(`${uri}@${index.digest}`), own.config.digest);
  });

  test('docker manifest makes, pushes and reads a list', async () => {
    const { session, registry, token, createRepository } = scene();
    const uri = await createRepository('listed');
    await session.login(token);
    for (const architecture of ['amd64', 'arm64']) {
      const image = makeImage({ seed: `listed/${architecture}`, format: 'docker', architecture });
      await registry.pushImage('listed', image, architecture);
    }
    await docker(['manifest', 'create', '--insecure', `${uri}:all`, `${uri}:amd64`, `${uri}:arm64`]);
    await docker(['manifest', 'push', '--insecure', `${uri}:all`]);
    await registry.checkImage('listed', 'all');
    const list = JSON.parse(await docker(['manifest', 'inspect', '--insecure', `${uri}:all`]));
    const platforms = list.manifests.map(
      (child: { platform: { architecture: string } }) => child.platform.architecture,
    );
    assert.deepEqual(platforms.toSorted(), ['amd64', 'arm64']);
  });

  test('what docker import makes is pushed and comes back', async () => {
    const { session, registry, token, scratch, createRepository } = scene();
    const uri = await createRepository('imported');
    await session.login(token);
    const tar = join(scratch, 'rootfs.tar');
    await writeFile(tar, tarOf([{ name: 'hello', content: Buffer.from('hello\n') }]));
    await docker(['import', tar, `${uri}:v1`]);
    await docker(['push', `${uri}:v1`]);
    assert.equal(await session.pull(`${uri}:v1`), await configDigest(registry, 'imported', 'v1'));
  });
});
