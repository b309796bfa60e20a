import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRepositoryArn, repositoryArn } from './arn.ts';

test('the partition follows the region, there and back', () => {
  for (const [region, partition] of [
    ['us-east-1', 'aws'],
    ['mars-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['us-iso-east-1', 'aws-iso'],
    ['us-isob-east-1', 'aws-iso-b'],
    ['eu-isoe-west-1', 'aws-iso-e'],
    ['us-isof-south-1', 'aws-iso-f'],
    ['eusc-de-east-1', 'aws-eusc'],
  ] as const) {
    const registry = { accountId: '123456789012', region };
    const arn = repositoryArn(registry, 'team/app');
    assert.equal(arn, `arn:${partition}:ecr:${region}:123456789012:repository/team/app`);
    assert.deepEqual(parseRepositoryArn(arn), { ...registry, name: 'team/app' });
  }
});

test('other texts are no ARNs of repositories', () => {
  for (const text of [
    '',
    'team/app',
    'arn:aws:ecr:eu-west-1:123456789012:repository/',
    'arn:aws:ecr:eu-west-1:123456789012:registry/x',
    'arn:aws:ecr:eu-west-1:12345678901:repository/x',
    'arn:aws:ecr::123456789012:repository/x',
    'arn:aws-cn:ecr:eu-west-1:123456789012:repository/x',
    'arn:aws:s3:eu-west-1:123456789012:repository/x',
    'arn:aws:ecr:eu-west-1:123456789012:repository/x\n',
  ]) {
    assert.equal(parseRepositoryArn(text), undefined, text);
  }
});
