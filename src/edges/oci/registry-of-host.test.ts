import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRegistryOfHost, parseRegistryHost } from './registry-of-host.ts';

const eu = { accountId: '123456789012', region: 'eu-west-1' };

for (const host of [
  '123456789012.dkr.ecr.eu-west-1.amazonaws.com',
  '123456789012.dkr.ecr.eu-west-1.localhost:4510',
  '123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com',
  '123456789012.dkr-ecr.eu-west-1.on.aws',
  '123456789012.dkr-ecr-fips.eu-west-1.on.aws:443',
  '123456789012.DKR.ECR.EU-WEST-1.amazonaws.com',
  '123456789012.dkr.ecr.eu-west-1',
]) {
  test(`parseRegistryHost ${host}`, () => assert.deepEqual(parseRegistryHost(host), eu));
}

for (const host of [
  'localhost:4510',
  '127.0.0.1:4510',
  '[::1]:4510',
  '12345678901.dkr.ecr.eu-west-1.amazonaws.com',
  '1234567890123.dkr.ecr.eu-west-1.amazonaws.com',
  'x123456789012.dkr.ecr.eu-west-1.amazonaws.com',
  '123456789012.dkr.ecr..amazonaws.com',
  '123456789012.dkr.ecr.eu_west_1.amazonaws.com',
  'api.ecr.eu-west-1.amazonaws.com',
  '',
]) {
  test(`parseRegistryHost takes ${JSON.stringify(host)} for another host`, () => {
    assert.equal(parseRegistryHost(host), undefined);
  });
}

test('regions of every partition are read whole', () => {
  for (const region of ['us-gov-west-1', 'cn-northwest-1', 'us-isob-east-1', 'eusc-de-east-1', 'ap-southeast-7']) {
    assert.deepEqual(parseRegistryHost(`000000000000.dkr.ecr.${region}.example.com`), {
      accountId: '000000000000',
      region,
    });
  }
});

test('any other host, and none, is the default registry', () => {
  const registryOf = createRegistryOfHost({ accountId: '000000000000', region: 'us-east-1' });
  assert.equal(registryOf(undefined).region, 'us-east-1');
  assert.equal(registryOf('10.0.0.1').accountId, '000000000000');
  assert.deepEqual(registryOf('123456789012.dkr.ecr.eu-west-1.x'), eu);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (host) => {
      const registry = registryOf(host);
      assert.match(registry.accountId, /^\d{12}$/);
      assert.match(registry.region, /^[a-z0-9-]+$/);
    }),
  );
});
