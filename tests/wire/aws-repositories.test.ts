/** The operations on repositories and the registry, to the text of their errors (behaviour page, sections 2, 6, 10.2, 17.8, 26). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeImage } from '../support/make-image.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { awsCalls, invalid, noRepository } from './aws-calls.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());
const { ok, refused, pushImage } = awsCalls(() => server);

const arn = (name: string) => `arn:aws:ecr:us-east-1:000000000000:repository/${name}`;
const wildcard = (filter: string) => ({ filterType: 'WILDCARD', filter });

test('CreateRepository shows every default', async () => {
  const { repository } = await ok('CreateRepository', { repositoryName: 'create/plain' });
  const { createdAt, repositoryUri, ...rest } = repository;
  assert.deepEqual(rest, {
    repositoryArn: arn('create/plain'),
    registryId: '000000000000',
    repositoryName: 'create/plain',
    imageTagMutability: 'MUTABLE',
    imageScanningConfiguration: { scanOnPush: false },
    encryptionConfiguration: { encryptionType: 'AES256' },
  });
  assert.equal(typeof createdAt, 'number');
  assert.match(repositoryUri, /^localhost:\d+\/create\/plain$/);
});

test('CreateRepository takes every member', async () => {
  const given = {
    registryId: '000000000000',
    repositoryName: 'create/full',
    imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
    imageTagMutabilityExclusionFilters: [wildcard('dev-*'), wildcard('*')],
    imageScanningConfiguration: { scanOnPush: true },
    encryptionConfiguration: { encryptionType: 'AES256' },
  };
  const tags = [
    { Key: 'b', Value: '2' },
    { Key: 'a', Value: '' },
  ];
  const { repository } = await ok('CreateRepository', { ...given, tags });
  const { createdAt: _, repositoryUri: __, repositoryArn: resourceArn, ...rest } = repository;
  assert.deepEqual(rest, given);
  assert.deepEqual(await ok('ListTagsForResource', { resourceArn }), { tags });
  assert.deepEqual((await ok('DescribeRepositories', { repositoryNames: ['create/full'] })).repositories, [repository]);
});

test('CreateRepository refuses what exists, what is not its own and what it cannot keep', async () => {
  await ok('CreateRepository', { repositoryName: 'create/twice' });
  await refused(
    'CreateRepository',
    { repositoryName: 'create/twice' },
    'RepositoryAlreadyExistsException',
    "The repository with name 'create/twice' already exists in the registry with id '000000000000'",
  );
  await refused(
    'CreateRepository',
    { registryId: '123456789012', repositoryName: 'app' },
    'AccessDeniedException',
    'User: arn:aws:iam::000000000000:root is not authorized to perform: ecr:CreateRepository on resource: arn:aws:ecr:us-east-1:123456789012:repository/app because no resource-based policy allows the ecr:CreateRepository action',
  );
  const with_ = (more: object) => ({ repositoryName: 'create/refused', ...more });
  const cannotBeNull = (mutability: string) =>
    invalid(
      'imageTagMutabilityExclusionFilters',
      `ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as ${mutability}`,
    );
  await refused(
    'CreateRepository',
    with_({ imageTagMutability: 'MUTABLE_WITH_EXCLUSION' }),
    ...cannotBeNull('MUTABLE_WITH_EXCLUSION'),
  );
  await refused(
    'CreateRepository',
    with_({ imageTagMutabilityExclusionFilters: [wildcard('v*')] }),
    ...invalid(
      'imageTagMutabilityExclusionFilters',
      'ImageTagMutabilityExclusionFilters are not allowed when imageTagMutability is set to MUTABLE',
    ),
  );
  for (const encryptionType of ['KMS', 'KMS_DSSE']) {
    const members = await refused(
      'CreateRepository',
      with_({ encryptionConfiguration: { encryptionType } }),
      'KmsException',
      `Encryption type '${encryptionType}' needs AWS KMS keys, which this registry does not have yet. Use AES256.`,
    );
    assert.deepEqual(members, { kmsError: 'UnsupportedOperationException' });
  }
  await refused(
    'CreateRepository',
    with_({ tags: [{ Key: 'aws:x', Value: '' }] }),
    'InvalidTagParameterException',
    "Tag keys must not begin with 'aws:', which is reserved.",
  );
  await refused('DescribeRepositories', { repositoryNames: ['create/refused'] }, ...noRepository('create/refused'));
});

test('DescribeRepositories fails as a whole when one name is unknown', async () => {
  await ok('CreateRepository', { repositoryName: 'describe/one' });
  await refused(
    'DescribeRepositories',
    { repositoryNames: ['describe/one', 'describe/none'] },
    ...noRepository('describe/none'),
  );
});

test('DeleteRepository wants force where there are images, and answers what was there', async () => {
  const repositoryName = 'delete/full';
  await ok('CreateRepository', { repositoryName, imageTagMutability: 'IMMUTABLE' });
  await pushImage(repositoryName, makeImage({ seed: 'delete' }), 'v1');
  await refused(
    'DeleteRepository',
    { repositoryName },
    'RepositoryNotEmptyException',
    `The repository with name '${repositoryName}' in registry with id '000000000000' cannot be deleted because it still contains images`,
  );
  await refused(
    'DeleteRepository',
    { repositoryName, force: false },
    'RepositoryNotEmptyException',
    `The repository with name '${repositoryName}' in registry with id '000000000000' cannot be deleted because it still contains images`,
  );
  const { repository } = await ok('DeleteRepository', { repositoryName, force: true });
  assert.deepEqual(
    [repository.repositoryArn, repository.imageTagMutability, typeof repository.createdAt],
    [arn(repositoryName), 'IMMUTABLE', 'number'],
  );
  await refused('DeleteRepository', { repositoryName, force: true }, ...noRepository(repositoryName));
  await refused('ListImages', { repositoryName }, ...noRepository(repositoryName));
  await ok('CreateRepository', { repositoryName });
  assert.deepEqual(await ok('ListImages', { repositoryName }), { imageIds: [] });
});

test('PutImageTagMutability echoes what holds from now on', async () => {
  const repositoryName = 'mutability';
  await ok('CreateRepository', { repositoryName });
  const settings = [
    { imageTagMutability: 'IMMUTABLE' },
    { imageTagMutability: 'MUTABLE_WITH_EXCLUSION', imageTagMutabilityExclusionFilters: [wildcard('v*')] },
    { imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION', imageTagMutabilityExclusionFilters: [wildcard('latest')] },
    { imageTagMutability: 'MUTABLE' },
  ];
  for (const setting of settings) {
    assert.deepEqual(await ok('PutImageTagMutability', { repositoryName, ...setting }), {
      registryId: '000000000000',
      repositoryName,
      ...setting,
    });
    const { repositories } = await ok('DescribeRepositories', { repositoryNames: [repositoryName] });
    const { imageTagMutability, imageTagMutabilityExclusionFilters } = repositories[0];
    assert.deepEqual(
      { imageTagMutability, ...(imageTagMutabilityExclusionFilters && { imageTagMutabilityExclusionFilters }) },
      setting,
    );
  }
  await refused(
    'PutImageTagMutability',
    { repositoryName: 'none', imageTagMutability: 'MUTABLE' },
    ...noRepository('none'),
  );
});

test('PutImageScanningConfiguration keeps the flag, and absent means false', async () => {
  const repositoryName = 'scanning';
  await ok('CreateRepository', { repositoryName });
  const answers = (scanOnPush: boolean) => ({
    registryId: '000000000000',
    repositoryName,
    imageScanningConfiguration: { scanOnPush },
  });
  assert.deepEqual(
    await ok('PutImageScanningConfiguration', { repositoryName, imageScanningConfiguration: { scanOnPush: true } }),
    answers(true),
  );
  const shown = async () =>
    (await ok('DescribeRepositories', { repositoryNames: [repositoryName] })).repositories[0]
      .imageScanningConfiguration;
  assert.deepEqual(await shown(), { scanOnPush: true });
  assert.deepEqual(
    await ok('PutImageScanningConfiguration', { repositoryName, imageScanningConfiguration: {} }),
    answers(false),
  );
  assert.deepEqual(await shown(), { scanOnPush: false });
});

test('TagResource, UntagResource and ListTagsForResource', async () => {
  await ok('CreateRepository', { repositoryName: 'tags', tags: [{ Key: 'a', Value: '1' }] });
  const resourceArn = arn('tags');
  const tags = async () =>
    (await ok('ListTagsForResource', { resourceArn })).tags.map(
      (t: { Key: string; Value: string }) => `${t.Key}=${t.Value}`,
    );
  assert.deepEqual(
    await ok('TagResource', {
      resourceArn,
      tags: [
        { Key: 'b', Value: '2' },
        { Key: 'a', Value: '3' },
      ],
    }),
    {},
  );
  assert.deepEqual(await tags(), ['a=3', 'b=2']);
  assert.deepEqual(await ok('UntagResource', { resourceArn, tagKeys: ['a', 'never'] }), {});
  assert.deepEqual(await tags(), ['b=2']);
  const many = (n: number) => Array.from({ length: n }, (_, i) => ({ Key: `k${i}`, Value: '' }));
  await refused(
    'TagResource',
    { resourceArn, tags: many(50) },
    'TooManyTagsException',
    'A repository can have at most 50 tags.',
  );
  await ok('TagResource', { resourceArn, tags: many(49) });
  for (const operation of ['ListTagsForResource', 'TagResource', 'UntagResource']) {
    const input = { tags: [], tagKeys: [] };
    await refused(operation, { ...input, resourceArn: 'tags' }, ...invalid('resourceArn', 'Invalid ARN'));
    await refused(
      operation,
      { ...input, resourceArn: 'arn:aws:s3:::bucket' },
      ...invalid('resourceArn', 'Invalid ARN'),
    );
    await refused(operation, { ...input, resourceArn: arn('none') }, ...noRepository('none'));
    await refused(
      operation,
      { ...input, resourceArn: arn('tags').replace('000000000000', '123456789012') },
      'AccessDeniedException',
      `User: arn:aws:iam::000000000000:root is not authorized to perform: ecr:${operation} on resource: arn:aws:ecr:us-east-1:123456789012:repository/tags because no resource-based policy allows the ecr:${operation} action`,
    );
  }
});

test('DescribeRegistry of a registry that was never configured', async () => {
  assert.deepEqual(await ok('DescribeRegistry'), {
    registryId: '000000000000',
    replicationConfiguration: { rules: [] },
  });
});

test('GetAuthorizationToken gives one entry for each registry asked for', async () => {
  const before = Date.now();
  const { authorizationData } = await ok('GetAuthorizationToken', { registryIds: ['123456789012', '000000000000'] });
  assert.deepEqual(
    authorizationData.map(({ proxyEndpoint }: { proxyEndpoint: string }) => proxyEndpoint.replace(/:\d+$/, '')),
    ['http://123456789012.dkr.ecr.us-east-1.localhost', 'http://localhost'],
  );
  for (const { authorizationToken, expiresAt } of authorizationData) {
    assert.match(authorizationToken, /^QVdTO[A-Za-z0-9+/]+=*$/);
    const parts = Buffer.from(authorizationToken, 'base64').toString().split(':');
    assert.equal(parts.length, 2);
    assert.equal(parts[0], 'AWS');
    const hours = (expiresAt * 1000 - before) / 3_600_000;
    assert.ok(hours > 11.99 && hours < 12.01, String(hours));
  }
  assert.equal((await ok('GetAuthorizationToken')).authorizationData.length, 1);
});
