/** Matchers for the patterns of the service models. A pattern has to match the whole value, anchored or not. */

/**
 * Patterns of the models on which a backtracking engine can take exponential time, and an equal one on which it cannot:
 * what may follow a part is told by the next character alone. Proved equal in patterns.test.ts.
 */
const safeForms: ReadonlyMap<string, string> = new Map([
  ['^[a-z0-9*](?:[._\\-/a-z0-9*]?[a-z0-9*]+)*$', '[a-z0-9*]+(?:[._\\-/][a-z0-9*]+)*'],
]);

const compiled = new Map<string, RegExp>();

/** A matcher for a pattern of a model; the same one for the same pattern. */
export function patternMatcher(pattern: string): RegExp {
  let matcher = compiled.get(pattern);
  if (matcher === undefined) {
    matcher = new RegExp(`^(?:${safeForms.get(pattern) ?? pattern})$`);
    compiled.set(pattern, matcher);
  }
  return matcher;
}
