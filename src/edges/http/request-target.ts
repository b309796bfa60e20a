/** The request target as RFC 9112, section 3.2 has it: path and query out of whatever form the client chose. */

/**
 * Answers path and query as they were sent, or undefined when the target is none that a server of ours has: `*`, an
 * authority, another scheme, a host other than the Host header's, a fragment, bytes outside of printable ASCII.
 */
export function originForm(target: string, host: string | undefined): string | undefined {
  if (target.charCodeAt(0) === 0x2f) return UNPRINTABLE.test(target) ? undefined : target;
  const absolute = /^https?:\/\/([^/?#]+)([/?].*)?$/i.exec(target);
  if (absolute === null || UNPRINTABLE.test(target)) return undefined;
  if (absolute[1]!.toLowerCase() !== host?.toLowerCase()) return undefined;
  const rest = absolute[2] ?? '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** A fragment never belongs into a request; everything else must be percent-encoded (RFC 3986). */
const UNPRINTABLE = /[^\x21\x22\x24-\x7e]/;
