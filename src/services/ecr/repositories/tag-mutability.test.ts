import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TagMutability } from '../../../ports/records.ts';
import cases from './cases/tag-mutability.json' with { type: 'json' };
import { findTagRulesFlaw, matchWildcard, mayMoveTag } from './tag-mutability.ts';

for (const { tagMutability, filters, tag, mayMove } of cases) {
  test(`${tagMutability} [${filters}]: ${tag} ${mayMove ? 'may' : 'may not'} move`, () => {
    const exclusionFilters = filters.map((filter) => ({ filterType: 'WILDCARD' as const, filter }));
    assert.equal(mayMoveTag({ tagMutability: tagMutability as TagMutability, exclusionFilters }, tag), mayMove);
  });
}

test('a wildcard matches what the same regular expression matches', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 });
  fc.assert(
    fc.property(pattern, text, (wildcard, tag) => {
      const expression = new RegExp(`^${wildcard.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
      assert.equal(matchWildcard(wildcard, tag), expression.test(tag), `${wildcard} on ${tag}`);
    }),
    { numRuns: 10_000 },
  );
});

test('many stars cost no time: a regular expression would not come back from this', () => {
  assert.equal(matchWildcard(`${'*a'.repeat(64)}b`, 'a'.repeat(300)), false);
});

test('filters belong to the settings with exclusion, and only to them', () => {
  const filters = [{ filterType: 'WILDCARD', filter: 'x' }];
  assert.equal(findTagRulesFlaw('MUTABLE', undefined), undefined);
  assert.equal(findTagRulesFlaw('IMMUTABLE', []), undefined);
  assert.equal(findTagRulesFlaw('IMMUTABLE_WITH_EXCLUSION', filters), undefined);
  assert.equal(
    findTagRulesFlaw('MUTABLE_WITH_EXCLUSION', undefined),
    "ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as MUTABLE_WITH_EXCLUSION",
  );
  assert.equal(
    findTagRulesFlaw('IMMUTABLE', filters),
    'ImageTagMutabilityExclusionFilters are not allowed when imageTagMutability is set to IMMUTABLE',
  );
});
