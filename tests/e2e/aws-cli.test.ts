/** The aws command line, version 1 or 2, pointed here by the variables of `longshore env` and nothing else. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeImage, mediaTypes, sha256Of } from '../support/make-image.ts';
import { awsEnvironment } from './aws-environment.ts';
import { type Scene, useScene } from './client-scenario.ts';
import { clientSuite } from './client-suite.ts';
import { noSession } from './no-session.ts';
import { ProgramFailed, runProgram, tryProgram } from './run-program.ts';

clientSuite('aws command line', { programs: ['aws'] }, () => {
  const scene = useScene(noSession);

  // Starting it takes a second each time, so its version is asked for once.
  let version: Promise<string> | undefined;
  const endpointFlags = async (origin: string): Promise<string[]> => {
    version ??= tryProgram(['aws', '--version']).then(({ stdout, stderr }) => stdout + stderr);
    return followsVariable(await version) ? [] : ['--endpoint-url', origin];
  };

  async function aws({ server }: Scene, ...args: string[]) {
    const text = await runProgram(['aws', ...(await endpointFlags(server.origin)), '--output', 'json', ...args], {
      env: awsEnvironment(server),
    });
    return text === '' ? undefined : JSON.parse(text);
  }

  test('a repository is made, shown, changed, tagged and deleted', async () => {
    const { server } = scene();
    const flags = ['--repository-name', 'cli/app'];
    const tags = ['--tags', 'Key=team,Value=red'];
    const { repository } = await aws(scene(), 'ecr', 'create-repository', ...flags, ...tags);
    assert.equal(repository.repositoryArn, `arn:aws:ecr:${server.region}:${server.accountId}:repository/cli/app`);
    assert.equal(repository.repositoryUri, `${server.host}/cli/app`);
    assert.equal(repository.imageTagMutability, 'MUTABLE');

    await aws(scene(), 'ecr', 'put-image-tag-mutability', ...flags, '--image-tag-mutability', 'IMMUTABLE');
    const described = await aws(scene(), 'ecr', 'describe-repositories', '--repository-names', 'cli/app');
    assert.equal(described.repositories[0].imageTagMutability, 'IMMUTABLE');

    const arn = ['--resource-arn', repository.repositoryArn];
    await aws(scene(), 'ecr', 'tag-resource', ...arn, '--tags', 'Key=cost,Value=42');
    await aws(scene(), 'ecr', 'untag-resource', ...arn, '--tag-keys', 'team');
    assert.deepEqual(await aws(scene(), 'ecr', 'list-tags-for-resource', ...arn), {
      tags: [{ Key: 'cost', Value: '42' }],
    });

    await aws(scene(), 'ecr', 'delete-repository', ...flags);
    const after = await aws(scene(), 'ecr', 'describe-repositories');
    assert.ok(
      !after.repositories.some(({ repositoryName }: { repositoryName: string }) => repositoryName === 'cli/app'),
    );
  });

  test('images are put, listed, described, read and deleted', async () => {
    const { registry, scratch, createRepository } = scene();
    await createRepository('cli/images');
    const image = makeImage({ seed: 'cli' });
    await registry.pushImage('cli/images', image, 'v1');
    const flags = ['--repository-name', 'cli/images'];
    const listed = await aws(scene(), 'ecr', 'list-images', ...flags);
    assert.deepEqual(listed.imageIds, [{ imageDigest: image.digest, imageTag: 'v1' }]);

    const got = await aws(scene(), 'ecr', 'batch-get-image', ...flags, '--image-ids', 'imageTag=v1');
    assert.equal(got.images[0].imageManifest, image.bytes.toString('utf8'));

    // How the AWS guide retags: the manifest is put again under another tag.
    const manifest = join(scratch, 'manifest.json');
    await writeFile(manifest, got.images[0].imageManifest);
    await aws(scene(), 'ecr', 'put-image', ...flags, '--image-tag', 'v2', '--image-manifest', `file://${manifest}`);
    const { imageDetails } = await aws(scene(), 'ecr', 'describe-images', ...flags);
    assert.equal(imageDetails.length, 1);
    assert.deepEqual(imageDetails[0].imageTags.toSorted(), ['v1', 'v2']);
    assert.equal(imageDetails[0].imageManifestMediaType, mediaTypes.ociManifest);

    const deleted = await aws(
      scene(),
      'ecr',
      'batch-delete-image',
      ...flags,
      '--image-ids',
      `imageDigest=${image.digest}`,
    );
    assert.equal(deleted.failures.length, 0);
    assert.deepEqual((await aws(scene(), 'ecr', 'list-images', ...flags)).imageIds, []);
  });

  test('a layer goes up part by part', async () => {
    const { scratch, registry, createRepository } = scene();
    await createRepository('cli/layers');
    const flags = ['--repository-name', 'cli/layers'];
    const bytes = Buffer.from('a layer, sent by hand');
    const { uploadId } = await aws(scene(), 'ecr', 'initiate-layer-upload', ...flags);
    const part = join(scratch, 'part');
    await writeFile(part, bytes);
    const upload = ['--upload-id', uploadId];
    const range = ['--part-first-byte', '0', '--part-last-byte', String(bytes.length - 1)];
    await aws(
      scene(),
      'ecr',
      'upload-layer-part',
      ...flags,
      ...upload,
      ...range,
      '--layer-part-blob',
      `fileb://${part}`,
    );
    const digests = ['--layer-digests', sha256Of(bytes)];
    const { layerDigest } = await aws(scene(), 'ecr', 'complete-layer-upload', ...flags, ...upload, ...digests);
    assert.equal(layerDigest, sha256Of(bytes));
    const { layers } = await aws(scene(), 'ecr', 'batch-check-layer-availability', ...flags, ...digests);
    assert.equal(layers[0].layerAvailability, 'AVAILABLE');
    assert.deepEqual((await registry.getBlob('cli/layers', layerDigest)).body, bytes);
  });

  test('get-login-password opens the registry; get-caller-identity names the root', async () => {
    const { server, registry } = scene();
    const flags = await endpointFlags(server.origin);
    const password = await runProgram(['aws', ...flags, 'ecr', 'get-login-password'], { env: awsEnvironment(server) });
    const authorization = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
    assert.equal((await registry.request('GET', '/v2/', { headers: { authorization } })).status, 200);
    const identity = await aws(scene(), 'sts', 'get-caller-identity');
    assert.deepEqual(identity, {
      UserId: server.accountId,
      Account: server.accountId,
      Arn: `arn:aws:iam::${server.accountId}:root`,
    });
  });

  test('refusals carry the code and the words of AWS', async () => {
    const { server } = scene();
    const flags = ['--repository-name', 'not/there'];
    await assert.rejects(
      aws(scene(), 'ecr', 'list-images', ...flags),
      /\(RepositoryNotFoundException\) when calling the ListImages operation: The repository with name 'not\/there' does not exist in the registry with id '000000000000'/,
    );
    const command = ['aws', ...(await endpointFlags(server.origin)), 'ecr', 'describe-repositories'];
    const wrong = { ...awsEnvironment(server), AWS_SECRET_ACCESS_KEY: 'not-the-secret' };
    await assert.rejects(
      runProgram(command, { env: wrong }),
      (error) =>
        error instanceof ProgramFailed && /SignatureDoesNotMatch|InvalidSignatureException/.test(error.message),
    );
    const unknown = { ...awsEnvironment(server), AWS_ACCESS_KEY_ID: 'AKIANOBODYNOBODYNOBO' };
    await assert.rejects(runProgram(command, { env: unknown }), /UnrecognizedClientException/);
  });

  test('--max-items and --starting-token walk through all pages', async () => {
    const { createRepository } = scene();
    for (const name of ['page/a', 'page/b', 'page/c']) await createRepository(name);
    const names: string[] = [];
    let token: string[] = [];
    do {
      const page = await aws(scene(), 'ecr', 'describe-repositories', '--page-size', '1', '--max-items', '2', ...token);
      names.push(...page.repositories.map(({ repositoryName }: { repositoryName: string }) => repositoryName));
      token = page.NextToken === undefined ? [] : ['--starting-token', page.NextToken];
    } while (token.length > 0);
    assert.deepEqual(
      names.filter((name) => name.startsWith('page/')),
      ['page/a', 'page/b', 'page/c'],
    );
    assert.equal(new Set(names).size, names.length);
  });
});

/** Version 2 before 2.13 does not know AWS_ENDPOINT_URL; version 1 does. */
function followsVariable(version: string): boolean {
  const [, major = 0, minor = 0] = /aws-cli\/(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  return major === 1 || minor >= 13;
}
