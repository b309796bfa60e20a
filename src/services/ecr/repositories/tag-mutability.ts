/** Which tags of a repository may be moved (behaviour page, section 10.2). Pure; golden cases in cases/tag-mutability.json. */
import type { ExclusionFilter, TagMutability } from '../../../ports/records.ts';

export interface TagRules {
  readonly tagMutability: TagMutability;
  readonly exclusionFilters: readonly ExclusionFilter[];
}

/** Whether a tag that exists may be made to name another image. */
export function mayMoveTag(rules: TagRules, tag: string): boolean {
  const excluded = rules.exclusionFilters.some(({ filter }) => matchWildcard(filter, tag));
  switch (rules.tagMutability) {
    case 'MUTABLE':
      return true;
    case 'IMMUTABLE':
      return false;
    case 'MUTABLE_WITH_EXCLUSION':
      return !excluded;
    case 'IMMUTABLE_WITH_EXCLUSION':
      return excluded;
  }
}

/** What is wrong with this setting, in ECR's words; undefined when nothing is. */
export function findTagRulesFlaw(
  mutability: TagMutability,
  filters: readonly unknown[] | undefined,
): string | undefined {
  const takesFilters = mutability.endsWith('_WITH_EXCLUSION');
  if (takesFilters && (filters === undefined || filters.length === 0)) {
    return `ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as ${mutability}`;
  }
  if (!takesFilters && filters !== undefined && filters.length > 0) {
    return `ImageTagMutabilityExclusionFilters are not allowed when imageTagMutability is set to ${mutability}`;
  }
  return undefined;
}

/** Whether the whole text matches the pattern, in which `*` stands for any run of characters. Never more than length × length steps. */
export function matchWildcard(pattern: string, text: string): boolean {
  let inPattern = 0;
  let inText = 0;
  let star = -1;
  let afterStar = 0;
  while (inText < text.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern;
      afterStar = inText;
      inPattern += 1;
    } else if (pattern[inPattern] === text[inText]) {
      inPattern += 1;
      inText += 1;
    } else if (star >= 0) {
      // The last star takes one character more.
      afterStar += 1;
      inText = afterStar;
      inPattern = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[inPattern] === '*') inPattern += 1;
  return inPattern === pattern.length;
}
