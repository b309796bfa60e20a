import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configFor } from '../config.ts';
import { registryHostOf } from './registry-host.ts';

const hostOf = (settings: Parameters<typeof configFor>[0], port = 4510) => registryHostOf(configFor(settings), port);

test('the default registry needs no DNS, all others have names of their own', () => {
  const host = hostOf({});
  assert.equal(host('000000000000', 'us-east-1'), 'localhost:4510');
  assert.equal(host('000000000000', 'eu-west-1'), '000000000000.dkr.ecr.eu-west-1.localhost:4510');
  assert.equal(host('111111111111', 'us-east-1'), '111111111111.dkr.ecr.us-east-1.localhost:4510');
});

test('the template is filled for every registry', () => {
  const host = hostOf({ registryHost: '{account}.dkr.ecr.{region}.example.com' });
  assert.equal(host('000000000000', 'us-east-1'), '000000000000.dkr.ecr.us-east-1.example.com');
});

test('the usual port of the scheme is left out', () => {
  assert.equal(hostOf({}, 80)('000000000000', 'us-east-1'), 'localhost');
  assert.equal(hostOf({ tlsCert: 'c', tlsKey: 'k' }, 443)('000000000000', 'us-east-1'), 'localhost');
  assert.equal(hostOf({ tlsCert: 'c', tlsKey: 'k' }, 80)('000000000000', 'us-east-1'), 'localhost:80');
});

test('a server that listens on one address of the network is called by that', () => {
  assert.equal(hostOf({ listen: '192.0.2.7:4510' })('000000000000', 'us-east-1'), '192.0.2.7:4510');
  assert.equal(hostOf({ listen: '[2001:db8::7]:4510' })('000000000000', 'us-east-1'), '[2001:db8::7]:4510');
  assert.equal(hostOf({ listen: ':4510' })('000000000000', 'us-east-1'), 'localhost:4510');
});
