/** A process that is alone never waits; one that is not steps back when its turn is over. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLockTurns } from './lock-turns.ts';

describe('turns with the write lock', () => {
  test('who is alone writes without a pause', () => {
    const { turns, pass } = turnsAt();
    for (let commit = 0; commit < 1000; commit++) {
      assert.equal(turns.pause(), 0);
      turns.taken(false);
      pass(1);
    }
  });

  test('who was refused asks again soon, at a time of its own', () => {
    assert.equal(turnsAt(0).turns.refused(), 1);
    assert.equal(turnsAt(0.5).turns.refused(), 1.5);
  });

  test('who shares the lock steps back after its turn, once, and has a new turn then', () => {
    const { turns, pass } = turnsAt();
    turns.refused();
    assert.equal(turns.pause(), 0, 'its turn has not begun');
    turns.taken(true);
    pass(5);
    assert.equal(turns.pause(), 0, 'nor is it over');
    turns.taken(false);
    pass(1);
    assert.equal(turns.pause(), 1);
    assert.equal(turns.pause(), 0);
    turns.taken(false);
    assert.equal(turns.pause(), 0);
    pass(6);
    assert.equal(turns.pause(), 1);
  });

  test('who finds that others have written shares the lock, although it was never refused', () => {
    const { turns, pass } = turnsAt();
    turns.taken(true);
    pass(6);
    assert.equal(turns.pause(), 1);
  });

  test('others are forgotten when they have not been seen for a while', () => {
    const { turns, pass } = turnsAt();
    turns.refused();
    turns.taken(true);
    pass(101);
    assert.equal(turns.pause(), 0);
    turns.taken(false);
    pass(50);
    assert.equal(turns.pause(), 0);
  });
});

function turnsAt(random = 0) {
  let time = 1000;
  const turns = createLockTurns(
    () => time,
    () => random,
  );
  return {
    turns,
    pass(ms: number) {
      time += ms;
    },
  };
}
