/**
 * `nextToken` of listings: says where to go on, and can be used for nothing but the same listing again. Signed, so that nobody can
 * make one up.
 */
import { signToken, verifyToken } from '../../lib/signed-token.ts';
import type { Keys } from '../../ports/keys.ts';
import { invalidParameter } from './faults.ts';

/** The operation, the registry, and every parameter that decides what is listed. */
export type Listing = readonly [operation: string, accountId: string, region: string, ...parameters: unknown[]];

/** `position` must survive JSON. */
export function issuePageToken(keys: Pick<Keys, 'pageToken'>, listing: Listing, position: unknown): string {
  return signToken(keys.pageToken, JSON.stringify(['page', position, listing]));
}

/** Where to go on, or undefined at the first page. Throws InvalidParameter for a token of another listing, or of nobody's. */
export function readPageToken<Position>(
  keys: Pick<Keys, 'pageToken'>,
  listing: Listing,
  token: string | undefined,
): Position | undefined {
  if (token === undefined) return undefined;
  const payload = verifyToken(keys.pageToken, token)?.toString();
  const [kind, position, issuedFor] = JSON.parse(payload ?? '[]') as [string?, Position?, Listing?];
  if (kind !== 'page' || JSON.stringify(issuedFor) !== JSON.stringify(listing)) {
    throw invalidParameter('nextToken', 'Invalid next token');
  }
  return position;
}
