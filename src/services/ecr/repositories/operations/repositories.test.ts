import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { makeImage } from '../../../../../tests/support/make-image.ts';
import { createMemoryEcr, type MemoryEcr } from '../../../../../tests/support/memory-ecr.ts';
import { Fault } from '../../../fault.ts';
import { createRepository } from './create-repository.ts';
import { deleteRepository } from './delete-repository.ts';
import { describeRepositories } from './describe-repositories.ts';
import { listTagsForResource } from './list-tags-for-resource.ts';
import { putImageScanningConfiguration } from './put-image-scanning-configuration.ts';
import { putImageTagMutability } from './put-image-tag-mutability.ts';
import { tagResource } from './tag-resource.ts';
import { untagResource } from './untag-resource.ts';

let memory: MemoryEcr;
beforeEach(async () => {
  memory = await createMemoryEcr();
});
afterEach(() => memory.close());

const arn = 'arn:aws:ecr:eu-west-1:123456789012:repository/team/app';
const refusal = (code: string, text?: string) => (error: unknown) => {
  assert(error instanceof Fault, String(error));
  assert.equal(error.code, code);
  if (text !== undefined) assert.equal(error.message, text);
  return true;
};
const create = (input: Omit<Parameters<typeof createRepository.handle>[1], 'repositoryName'> = {}, name = 'team/app') =>
  createRepository.handle(memory.context, { repositoryName: name, ...input });
const describeAll = async (input: Parameters<typeof describeRepositories.handle>[1] = {}) =>
  (await describeRepositories.handle(memory.context, input)).repositories!;

describe('CreateRepository', () => {
  test('answers every member, defaults written back', async () => {
    const { repository } = await create();
    assert.deepEqual(repository, {
      repositoryArn: arn,
      registryId: '123456789012',
      repositoryName: 'team/app',
      repositoryUri: '123456789012.dkr.ecr.eu-west-1.example.com/team/app',
      createdAt: new Date(memory.ecr.clock.now()),
      imageTagMutability: 'MUTABLE',
      imageScanningConfiguration: { scanOnPush: false },
      encryptionConfiguration: { encryptionType: 'AES256' },
    });
    assert.deepEqual(await describeAll(), [repository]);
  });

  test('takes every member', async () => {
    const filters = [{ filterType: 'WILDCARD' as const, filter: 'latest' }];
    const { repository } = await create({
      registryId: '123456789012',
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: filters,
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: 'AES256' },
      tags: [
        { Key: 'z', Value: '1' },
        { Key: 'a', Value: '2' },
      ],
    });
    assert.equal(repository?.imageTagMutability, 'IMMUTABLE_WITH_EXCLUSION');
    assert.deepEqual(repository.imageTagMutabilityExclusionFilters, filters);
    assert.deepEqual(repository.imageScanningConfiguration, { scanOnPush: true });
    const { tags } = await listTagsForResource.handle(memory.context, { resourceArn: arn });
    assert.deepEqual(
      tags?.map(({ Key }) => Key),
      ['z', 'a'],
    );
  });

  test('refuses what it cannot keep, and then creates nothing', async () => {
    await assert.rejects(
      create({ imageTagMutability: 'MUTABLE_WITH_EXCLUSION' }),
      refusal(
        'InvalidParameterException',
        "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as MUTABLE_WITH_EXCLUSION'",
      ),
    );
    for (const encryptionType of ['KMS', 'KMS_DSSE'] as const) {
      await assert.rejects(create({ encryptionConfiguration: { encryptionType } }), (error: Fault) => {
        assert.equal(error.members.kmsError, 'UnsupportedOperationException');
        return refusal('KmsException')(error);
      });
    }
    await assert.rejects(
      create({ encryptionConfiguration: { encryptionType: 'AES256', kmsKey: 'x' } }),
      refusal('InvalidParameterException'),
    );
    await assert.rejects(create({ tags: [{ Key: 'aws:x', Value: '' }] }), refusal('InvalidTagParameterException'));
    assert.deepEqual(await describeAll(), []);
  });

  test('of a name that exists is refused; in another region or account it is another repository', async () => {
    await create();
    await assert.rejects(
      create(),
      refusal(
        'RepositoryAlreadyExistsException',
        "The repository with name 'team/app' already exists in the registry with id '123456789012'",
      ),
    );
    const abroad = { ...memory.context, region: 'cn-north-1' };
    const { repository } = await createRepository.handle(abroad, { repositoryName: 'team/app' });
    assert.equal(repository?.repositoryArn, 'arn:aws-cn:ecr:cn-north-1:123456789012:repository/team/app');
    assert.equal((await describeAll()).length, 1);
  });

  test('asks for the resource of the registry that is named', () => {
    const input = { repositoryName: 'app', registryId: '999999999999' };
    assert.equal(createRepository.resource(input, memory.context), 'arn:aws:ecr:eu-west-1:999999999999:repository/app');
  });
});

describe('DescribeRepositories', () => {
  test('pages in order of creation, with tokens for this listing only', async () => {
    for (let at = 0; at < 5; at += 1) await create({}, `r${4 - at}`);
    const seen: string[] = [];
    const sizes: number[] = [];
    let nextToken: string | undefined;
    do {
      const page = await describeRepositories.handle(memory.context, { maxResults: 2, nextToken });
      seen.push(...page.repositories!.map(({ repositoryName }) => repositoryName!));
      sizes.push(page.repositories!.length);
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    assert.deepEqual(
      [seen, sizes],
      [
        ['r4', 'r3', 'r2', 'r1', 'r0'],
        [2, 2, 1],
      ],
    );
    const { nextToken: token } = await describeRepositories.handle(memory.context, { maxResults: 2 });
    const abroad = { ...memory.context, region: 'us-east-1' };
    await assert.rejects(
      describeRepositories.handle(abroad, { nextToken: token }),
      refusal('InvalidParameterException'),
    );
  });

  test('by name answers in the order asked for, and fails as a whole', async () => {
    for (const name of ['aa', 'bb', 'cc']) await create({}, name);
    const named = await describeAll({ repositoryNames: ['cc', 'aa', 'cc'] });
    assert.deepEqual(
      named.map(({ repositoryName }) => repositoryName),
      ['cc', 'aa'],
    );
    await assert.rejects(
      describeAll({ repositoryNames: ['aa', 'none'] }),
      refusal(
        'RepositoryNotFoundException',
        "The repository with name 'none' does not exist in the registry with id '123456789012'",
      ),
    );
  });
});

describe('DeleteRepository', () => {
  test('refuses one with images unless forced, and frees the name', async () => {
    await create();
    const ref = memory.ref('team/app');
    await memory.push(ref, makeImage({ seed: 'a' }));
    await assert.rejects(
      deleteRepository.handle(memory.context, { repositoryName: 'team/app' }),
      refusal(
        'RepositoryNotEmptyException',
        "The repository with name 'team/app' in registry with id '123456789012' cannot be deleted because it still contains images",
      ),
    );
    const { repository } = await deleteRepository.handle(memory.context, { repositoryName: 'team/app', force: true });
    assert.equal(repository?.repositoryArn, arn);
    assert.equal(repository.imageTagMutability, 'MUTABLE');
    assert.deepEqual(await describeAll(), []);
    await create();
    await deleteRepository.handle(memory.context, { repositoryName: 'team/app' });
    await assert.rejects(
      deleteRepository.handle(memory.context, { repositoryName: 'team/app' }),
      refusal('RepositoryNotFoundException'),
    );
  });
});

describe('settings of a repository', () => {
  test('tag mutability, with filters and without', async () => {
    await create();
    const put = (input: Omit<Parameters<typeof putImageTagMutability.handle>[1], 'repositoryName'>) =>
      putImageTagMutability.handle(memory.context, { repositoryName: 'team/app', ...input });
    const filters = [{ filterType: 'WILDCARD' as const, filter: 'v*' }];
    const set = { imageTagMutability: 'MUTABLE_WITH_EXCLUSION', imageTagMutabilityExclusionFilters: filters } as const;
    assert.deepEqual(await put({ ...set, imageTagMutabilityExclusionFilters: [...filters] }), {
      registryId: '123456789012',
      repositoryName: 'team/app',
      ...set,
    });
    assert.deepEqual((await describeAll())[0]?.imageTagMutabilityExclusionFilters, filters);
    await put({ imageTagMutability: 'IMMUTABLE' });
    const [repository] = await describeAll();
    assert.equal(repository?.imageTagMutability, 'IMMUTABLE');
    assert.equal(repository.imageTagMutabilityExclusionFilters, undefined);
    await assert.rejects(
      put({ imageTagMutability: 'MUTABLE', imageTagMutabilityExclusionFilters: [...filters] }),
      refusal('InvalidParameterException'),
    );
  });

  test('scan on push: what is left out is false, as Go clients send it', async () => {
    await create({ imageScanningConfiguration: { scanOnPush: true } });
    const input = { repositoryName: 'team/app', imageScanningConfiguration: {} };
    const answer = await putImageScanningConfiguration.handle(memory.context, input);
    assert.deepEqual(answer.imageScanningConfiguration, { scanOnPush: false });
    assert.deepEqual((await describeAll())[0]?.imageScanningConfiguration, { scanOnPush: false });
  });

  test('tags are added, changed and removed', async () => {
    await create({ tags: [{ Key: 'a', Value: '1' }] });
    const tags = [
      { Key: 'b', Value: '2' },
      { Key: 'a', Value: '3' },
    ];
    assert.deepEqual(await tagResource.handle(memory.context, { resourceArn: arn, tags }), {});
    const list = async () => (await listTagsForResource.handle(memory.context, { resourceArn: arn })).tags;
    assert.deepEqual(await list(), [
      { Key: 'a', Value: '3' },
      { Key: 'b', Value: '2' },
    ]);
    assert.deepEqual(await untagResource.handle(memory.context, { resourceArn: arn, tagKeys: ['a', 'absent'] }), {});
    assert.deepEqual(await list(), [{ Key: 'b', Value: '2' }]);
  });

  test('ARNs: malformed, of another region, of nothing', async () => {
    const invalid = "Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'";
    for (const resourceArn of ['x', arn.replace('eu-west-1', 'us-east-1'), arn.replace('team', 'TEAM')]) {
      assert.throws(
        () => listTagsForResource.resource({ resourceArn }, memory.context),
        refusal('InvalidParameterException', invalid),
      );
    }
    for (const work of [
      listTagsForResource.handle(memory.context, { resourceArn: arn }),
      tagResource.handle(memory.context, { resourceArn: arn, tags: [] }),
      untagResource.handle(memory.context, { resourceArn: arn, tagKeys: [] }),
    ]) {
      await assert.rejects(work, refusal('RepositoryNotFoundException'));
    }
  });
});
