import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { startBackground } from './background.ts';

test('a task goes on at once while more is due, and slices never overlap', async () => {
  const events = new EventEmitter();
  const seen: string[] = [];
  let left = 3;
  let running = 0;
  const slice = (name: string) => async () => {
    running++;
    assert.equal(running, 1);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    seen.push(name);
    if (name === 'long' && --left === 0) events.emit('done');
    return name === 'long' && left > 0 ? 0 : undefined;
  };
  const done = once(events, 'done');
  const background = startBackground(
    [
      { name: 'long', everyMs: 1, slice: slice('long') },
      { name: 'other', everyMs: 1, slice: slice('other') },
    ],
    (_task, error) => assert.fail(String(error)),
  );
  await done;
  await background.stop();
  assert.equal(seen.filter((name) => name === 'long').length >= 3, true);
});

test('a slice that fails is told and tried again in the next round', async () => {
  const events = new EventEmitter();
  let calls = 0;
  const failures: string[] = [];
  const done = once(events, 'second');
  const background = startBackground(
    [
      {
        name: 'sweep',
        everyMs: 1,
        slice: async () => {
          calls++;
          if (calls === 1) throw new Error('no');
          events.emit('second');
          return undefined;
        },
      },
    ],
    (task) => failures.push(task),
  );
  await done;
  await background.stop();
  assert.deepEqual(failures, ['sweep']);
});

test('stop waits for the slice under way and begins no other', async () => {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  let slices = 0;
  const background = startBackground(
    [
      {
        name: 'collect',
        everyMs: 1,
        slice: async () => {
          slices++;
          begun.resolve();
          await end.promise;
          return 0;
        },
      },
    ],
    (_task, error) => assert.fail(String(error)),
  );
  await begun.promise;
  let stopped = false;
  const stopping = background.stop().then(() => {
    stopped = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(stopped, false);
  end.resolve();
  await stopping;
  assert.equal(slices, 1);
});
