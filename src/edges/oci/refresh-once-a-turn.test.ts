import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { refreshOnceATurn } from './refresh-once-a-turn.ts';

test('a turn asks once, the next turn asks again', async () => {
  let asked = 0;
  const { refresh } = refreshOnceATurn({
    refresh: () => {
      asked += 1;
    },
  });
  for (let turn = 1; turn <= 3; turn++) {
    refresh();
    await Promise.resolve();
    refresh();
    assert.equal(asked, turn);
    await nextTurn();
  }
});

test('a refresh that fails is asked again', () => {
  let asked = 0;
  const { refresh } = refreshOnceATurn({
    refresh: () => {
      asked += 1;
      throw new Error('no database');
    },
  });
  assert.throws(refresh);
  assert.throws(refresh);
  assert.equal(asked, 2);
});

test('where it takes a promise every request waits for its own', async () => {
  let asked = 0;
  const { refresh } = refreshOnceATurn({
    refresh: async () => {
      asked += 1;
    },
  });
  await Promise.all([refresh(), refresh()]);
  assert.equal(asked, 2);
});
