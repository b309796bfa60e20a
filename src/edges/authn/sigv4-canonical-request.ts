/**
 * The canonical request of Signature Version 4, made from what came over the wire and from nothing a parser has made of it.
 * Node gives bytes beyond ASCII as Latin-1; every text here is one character per byte.
 */

export interface SignedParts {
  readonly method: string;
  /** As sent, not decoded. */
  readonly path: string;
  /** As sent, without the question mark. */
  readonly query: string;
  /** By lower-case name; the values of a header that came more than once are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Headers as a signature sees them, from node's flat list of names and values. */
export function signedHeaderValues(rawHeaders: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const value = canonicalValue(rawHeaders[i + 1]!);
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return headers;
}

function canonicalValue(value: string): string {
  return value.trim().replaceAll(/[ \t]{2,}|\t/g, ' ');
}

export function canonicalRequest(request: SignedParts, signedHeaders: readonly string[], bodySha256: string): string {
  let headers = '';
  for (const name of signedHeaders) headers += `${name}:${request.headers.get(name) ?? ''}\n`;
  return `${request.method}\n${canonicalPath(request.path)}\n${canonicalQuery(request.query)}\n${headers}\n${signedHeaders.join(';')}\n${bodySha256}`;
}

/** Every service but S3 signs the path without `.`, `..` and empty segments, each segment encoded once more than it was sent. */
function canonicalPath(path: string): string {
  if (path === '/') return path;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(encodeStrictly(segment));
  }
  const slash = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${slash}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs: [name: string, value: string][] = [];
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    pairs.push([encodeStrictly(decodePercents(name)), encodeStrictly(decodePercents(value))]);
  }
  pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function decodePercents(text: string): string {
  return text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function encodeStrictly(text: string): string {
  return text.replaceAll(
    /[^A-Za-z0-9\-._~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
