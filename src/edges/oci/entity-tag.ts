/** Conditional requests (RFC 9110, section 13). What is stored never changes, so the entity tag is the quoted digest. */

export function entityTag(digest: string): string {
  return `"${digest}"`;
}

/** Whether an If-None-Match header names what the client already has, so that 304 is the answer. */
export function matchesNone(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header === '*') return true;
  for (const candidate of header.split(',')) {
    const text = candidate.trim();
    if (text === tag || (text.startsWith('W/') && text.slice(2) === tag)) return true;
  }
  return false;
}

/** Whether a Range is to be heeded: no If-Range, or one that names exactly what is stored. Dates never do: nothing is dated. */
export function rangeApplies(ifRange: string | undefined, tag: string): boolean {
  return ifRange === undefined || ifRange === tag;
}
