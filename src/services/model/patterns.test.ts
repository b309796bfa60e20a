import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ecrModel } from './ecr-model.ts';
import { patternMatcher } from './patterns.ts';

const ambiguous = '^[a-z0-9*](?:[._\\-/a-z0-9*]?[a-z0-9*]+)*$';

/**
 * Every pattern of the model has been read: on all but the ambiguous one the next character alone tells which way to go, so
 * that matching takes linear time. A pattern that is new here has to be read too.
 */
const readPatterns = new Set([
  ambiguous,
  '^(?:[a-z0-9*]+(?:[._-][a-z0-9*]+)*/)*[a-z0-9*]+(?:[._-][a-z0-9*]+)*$',
  '^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$',
  '^arn:aws(-\\w+)*:secretsmanager:[a-zA-Z0-9-:]+:secret:ecr\\-pullthroughcache\\/[a-zA-Z0-9\\/_+=.@-]+$',
  '^arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[\\w+=,.@-]+(/[\\w+=,.@-]+)*$',
  '^([a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*\\/?|ROOT)$',
  '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
  '^arn:aws(-[a-z]+)*:signer:[a-z0-9-]+:[0-9]{12}:\\/signing-profiles\\/[a-zA-Z0-9_]{2,}$',
  '^$|arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:key\\/[a-z0-9-]+',
  '[0-9]{12}',
  '^\\S+$',
  '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*',
  '[0-9a-z-]{2,25}',
  '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+',
  '^[0-9a-zA-Z._*-]{1,128}$',
]);

const patterns = [...new Set(Object.values(ecrModel.shapes).flatMap((shape) => shape.pattern ?? []))];

test('no pattern of the model is unread', () => {
  assert.deepEqual(
    patterns.filter((pattern) => !readPatterns.has(pattern)),
    [],
  );
});

test('the safe form of the ambiguous pattern matches the same texts', () => {
  const original = new RegExp(ambiguous);
  const texts = fc.string({ unit: fc.constantFrom('a', '0', '*', '.', '-', '_', '/', 'A'), maxLength: 14 });
  fc.assert(
    fc.property(texts, (text) => assert.equal(patternMatcher(ambiguous).test(text), original.test(text))),
    { numRuns: 5000 },
  );
});

test('a text that almost matches is refused at once', () => {
  // The original of the ambiguous pattern would not come back from this.
  for (const pattern of patterns) {
    for (const text of [`${'a'.repeat(2000)}!`, `${'a-'.repeat(1000)}!`, `${'a/'.repeat(1000)}!`]) {
      assert.equal(patternMatcher(pattern).test(text), pattern === '^\\S+$', pattern);
    }
  }
});

test('a pattern has to match the whole text', () => {
  assert.equal(patternMatcher('[0-9]{12}').test('0123456789012'), false);
  assert.equal(patternMatcher('[0-9]{12}').test('012345678901\n'), false);
  const key = '^$|arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:key\\/[a-z0-9-]+';
  assert.equal(patternMatcher(key).test('x arn:aws:kms:us-east-1:000000000000:key/a'), false);
  assert.equal(patternMatcher(key).test(''), true);
});
