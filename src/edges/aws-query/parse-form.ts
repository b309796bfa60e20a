/** `application/x-www-form-urlencoded` text as the query protocol uses it: in bodies, and in the query of a GET. */

/** A few dozen are the most that any action takes. */
const maxParameters = 1000;

/**
 * The parameters by name, the first of a name that comes twice. Broken percent escapes stay as they are, bytes that are no
 * UTF-8 become U+FFFD. Answers undefined when there are too many.
 */
export function parseForm(text: string): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>();
  const pairs = text.split('&', maxParameters + 1);
  if (pairs.length > maxParameters) return undefined;
  for (const [name, value] of new URLSearchParams(pairs.join('&'))) {
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}
