import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeOutput } from './encode-output.ts';

test('times are epoch seconds with milliseconds, wherever they stand', () => {
  const at = new Date(1691548535828);
  assert.equal(encodeOutput({ at, list: [{ at: new Date(0) }] }), '{"at":1691548535.828,"list":[{"at":0}]}');
});

test('absent members are left out, empty lists and false are not', () => {
  assert.equal(
    encodeOutput({ nextToken: undefined, failures: [], scanOnPush: false, text: '' }),
    '{"failures":[],"scanOnPush":false,"text":""}',
  );
});

test('the output is not changed', () => {
  const output = Object.freeze({ inner: Object.freeze({ at: new Date(5) }) });
  encodeOutput(output);
  assert.ok(output.inner.at instanceof Date);
});
