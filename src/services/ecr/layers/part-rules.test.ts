import assert from 'node:assert/strict';
import { test } from 'node:test';
import cases from './cases/parts.json' with { type: 'json' };
import { afterPart, findPartFlaw, judgeParts, mayTakePart, type PartProgress } from './part-rules.ts';

const limits = { layerParts: 5, smallestLayerPart: 100 };
const none: PartProgress = { parts: 0, lastPartSize: 0, shortPartFollowed: false };

for (const { what, parts, verdict } of cases) {
  test(`${what}: ${verdict}`, () => {
    const progress = parts.reduce((before, size) => afterPart(before, size, limits), none);
    const offset = parts.reduce((sum, size) => sum + size, 0);
    assert.equal(judgeParts({ ...progress, offset }), verdict);
  });
}

test('bytes that came through the registry are no parts and may be of any size', () => {
  assert.equal(judgeParts({ ...none, offset: 7 }), 'complete');
});

test('the number of parts is limited', () => {
  assert.equal(mayTakePart({ ...none, parts: 4 }, limits), true);
  assert.equal(mayTakePart({ ...none, parts: 5 }, limits), false);
});

test('a part must begin where the layer ends and be as long as it says', () => {
  assert.equal(findPartFlaw({ first: 10, last: 19, length: 10 }, 10), undefined);
  assert.equal(findPartFlaw({ first: 0, last: 0, length: 1 }, 0), undefined);
  assert.equal(
    findPartFlaw({ first: 0, last: 9, length: 10 }, 11304960),
    'First byte of the layer part is 0 instead of 11304960',
  );
  assert.equal(findPartFlaw({ first: 10, last: 20, length: 10 }, 10), 'The layer part has 10 bytes instead of 11');
  assert.equal(findPartFlaw({ first: 10, last: 5, length: 3 }, 10), 'The layer part has 3 bytes instead of -4');
  assert.equal(findPartFlaw({ first: 10, last: 10, length: 0 }, 10), 'The layer part is empty');
});
