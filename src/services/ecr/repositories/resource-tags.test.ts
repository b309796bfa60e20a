import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../fault.ts';
import { newResourceTags, withoutTags, withTags } from './resource-tags.ts';

const many = (count: number) => Array.from({ length: count }, (_, at) => ({ Key: `key${at}`, Value: '' }));
const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error instanceof Fault ? error.code : error;
  }
  return undefined;
};

test('new tags keep their order, empty values and letters of every script', () => {
  const tags = [
    { Key: 'b', Value: '' },
    { Key: 'a', Value: 'x + - = . _ : / @' },
    { Key: 'Größe', Value: '大' },
    { Key: 'A', Value: 'case counts' },
  ];
  assert.deepEqual(newResourceTags(tags), tags);
});

test('keys and values are bounded in length and characters', () => {
  assert.equal(
    codeOf(() => newResourceTags([{ Key: 'x'.repeat(128), Value: 'y'.repeat(256) }])),
    undefined,
  );
  for (const [Key, Value] of [
    ['', 'x'],
    ['x'.repeat(129), ''],
    ['x', 'y'.repeat(257)],
    ['aws:x', ''],
    ['AWS:x', ''],
    ['a;b', ''],
    ['a', '<b>'],
  ] as const) {
    assert.equal(
      codeOf(() => newResourceTags([{ Key, Value }])),
      'InvalidTagParameterException',
      `${Key}=${Value}`,
    );
  }
  const twice = [
    { Key: 'a', Value: '1' },
    { Key: 'a', Value: '2' },
  ];
  assert.equal(
    codeOf(() => newResourceTags(twice)),
    'InvalidTagParameterException',
  );
});

test('50 tags at most, counted after merging', () => {
  assert.equal(newResourceTags(many(50)).length, 50);
  assert.equal(
    codeOf(() => newResourceTags(many(51))),
    'TooManyTagsException',
  );
  assert.equal(withTags(many(50), [{ Key: 'key7', Value: 'new' }]).length, 50);
  assert.equal(
    codeOf(() => withTags(many(50), [{ Key: 'another', Value: '' }])),
    'TooManyTagsException',
  );
});

test('a known key gets its new value in its old place; removing takes only what is named', () => {
  const present = [
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: '2' },
  ];
  const merged = withTags(present, [
    { Key: 'c', Value: '3' },
    { Key: 'a', Value: '4' },
  ]);
  assert.deepEqual(
    merged.map(({ Key, Value }) => Key + Value),
    ['a4', 'b2', 'c3'],
  );
  assert.deepEqual(
    withoutTags(merged, ['b', 'unknown']).map(({ Key }) => Key),
    ['a', 'c'],
  );
});
