import assert from 'node:assert/strict';
import { test } from 'node:test';
import { servesRegion } from './region-name.ts';

test('every region of AWS has the name of one', () => {
  for (const name of [
    'us-east-1',
    'us-gov-west-1',
    'us-iso-east-1',
    'us-isob-east-1',
    'cn-northwest-1',
    'ap-southeast-7',
    'eusc-de-east-1',
    'mx-central-1',
    'il-central-1',
  ]) {
    assert.equal(servesRegion('*', name), true, name);
  }
  for (const name of [
    '',
    'xx',
    'us-east',
    'US-EAST-1',
    'us-east-1 ',
    'us--east-1',
    '../../etc-1',
    'us-east-1/..',
    'a-b-c-d-e-f-g-1',
    `${'a'.repeat(300)}-b-1`,
  ]) {
    assert.equal(servesRegion('*', name), false, name);
  }
});

test('a list is the whole of what is served', () => {
  assert.equal(servesRegion(['eu-west-1'], 'eu-west-1'), true);
  assert.equal(servesRegion(['eu-west-1'], 'us-east-1'), false);
});
