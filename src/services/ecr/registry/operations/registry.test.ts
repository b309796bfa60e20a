import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryEcr, hour } from '../../../../../tests/support/memory-ecr.ts';
import { readDockerToken } from '../docker-token.ts';
import { describeRegistry } from './describe-registry.ts';
import { getAuthorizationToken } from './get-authorization-token.ts';

test('GetAuthorizationToken answers one entry per registry asked for, in order, another account’s too', async (t) => {
  const memory = await createMemoryEcr();
  t.after(() => memory.close());
  const own = await getAuthorizationToken.handle(memory.context, {});
  assert.deepEqual(
    own.authorizationData?.map(({ proxyEndpoint }) => proxyEndpoint),
    ['https://123456789012.dkr.ecr.eu-west-1.example.com'],
  );
  const [data] = own.authorizationData;
  const [user, password, ...more] = Buffer.from(data!.authorizationToken!, 'base64').toString().split(':');
  assert.deepEqual([user, more], ['AWS', []]);
  const token = readDockerToken(memory.ecr.keys, password!);
  assert.deepEqual([token?.accountId, token?.region], ['123456789012', 'eu-west-1']);
  assert.equal(token?.expiresAt, data!.expiresAt!.getTime());
  const lifetime = token.expiresAt - memory.ecr.clock.now();
  assert(lifetime <= 12 * hour && lifetime > 12 * hour - 1000);

  const registryIds = ['999999999999', '123456789012'];
  const asked = await getAuthorizationToken.handle(memory.context, { registryIds });
  assert.deepEqual(
    asked.authorizationData?.map(({ proxyEndpoint }) => proxyEndpoint),
    registryIds.map((id) => `https://${id}.dkr.ecr.eu-west-1.example.com`),
  );
});

test('DescribeRegistry never has rules', async (t) => {
  const memory = await createMemoryEcr();
  t.after(() => memory.close());
  assert.deepEqual(await describeRegistry.handle(memory.context, {}), {
    registryId: '123456789012',
    replicationConfiguration: { rules: [] },
  });
});
