import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Work } from '../../ports/work.ts';
import { createQuota } from './quota.ts';

/** Runs a unit of work that asks the database nothing. */
function answerOf<T>(work: Work<T>): T {
  const step = work.next();
  assert(step.done);
  return step.value;
}

// biome-ignore lint/correctness/useYield: it asks the database nothing
function* counted(count: number): Work<number> {
  return count;
}

test('the limit holds exactly, though most additions count nothing', () => {
  const quota = createQuota<string>(1000);
  let things = 0;
  let counts = 0;
  const count = () => {
    counts += 1;
    return counted(things);
  };
  while (answerOf(quota.hasRoom('k', count))) {
    things += 1;
    quota.added('k');
  }
  assert.equal(things, 1000);
  assert(counts < 120, `${counts} counts`);
});

test('the limit holds for many processes that add to the same', () => {
  const quotas = Array.from({ length: 5 }, () => createQuota<string>(1000));
  let things = 0;
  for (let full = 0; full < quotas.length; ) {
    full = 0;
    for (const quota of quotas) {
      if (answerOf(quota.hasRoom('k', () => counted(things)))) {
        things += 1;
        quota.added('k');
      } else full += 1;
    }
  }
  assert(things >= 1000 && things < 1010, `${things} things`);
});

test('keys have room of their own, and room that was made is found', () => {
  const quota = createQuota<string>(2);
  assert.equal(answerOf(quota.hasRoom('full', () => counted(2))), false);
  assert.equal(answerOf(quota.hasRoom('full', () => counted(1))), true);
  assert.equal(answerOf(quota.hasRoom('other', () => counted(0))), true);
});
