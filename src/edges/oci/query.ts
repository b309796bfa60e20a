/** The query of a registry request. Whatever stands in it, reading it never throws. */

export function parseQuery(query: string): URLSearchParams {
  return new URLSearchParams(query);
}

/** The largest page of tags or repositories (behaviour page, 9.3), and what is answered without `n`. */
export const largestPage = 1000;

/**
 * How many entries the parameter `n` asks for: at most `largestPage`, which the specification allows; undefined when it is not a
 * whole number.
 */
export function parsePageSize(text: string | null): number | undefined {
  if (text === null) return largestPage;
  return /^\d{1,15}$/.test(text) ? Math.min(Number(text), largestPage) : undefined;
}

/** A Link header to the next page: the path alone, so that it is right whatever proxy stands before the registry. */
export function nextLink(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, value);
  }
  return `<${path}?${query}>; rel="next"`;
}
