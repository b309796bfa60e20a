/**
 * The password that GetAuthorizationToken hands out for `docker login` (ecr-behaviour 4): opaque base64 of a JSON wrapper, as
 * ECR's is, valid for 12 hours wherever the key is, with no state on the server. It names the access key of the caller; what the
 * caller may do is looked up at each request. The payload can be read by its holder, so it holds nothing secret.
 */
import { signToken, verifyToken } from '../../../lib/signed-token.ts';
import type { Keys } from '../../../ports/keys.ts';
import type { Caller } from '../../caller.ts';

export const dockerTokenLifetimeMs = 12 * 60 * 60 * 1000;
export const dockerUserName = 'AWS';

export interface DockerToken {
  readonly accountId: string;
  readonly accessKeyId: string;
  /** Another region's registry refuses the token. */
  readonly region: string;
  /** Milliseconds since the epoch, a whole second. */
  readonly expiresAt: number;
}

/** A new password for the caller. `token` holds only `A-Za-z0-9+/=`. */
export function issueDockerToken(
  keys: Pick<Keys, 'dockerToken'>,
  grant: { readonly caller: Caller; readonly region: string; readonly now: number },
): { token: string; expiresAt: number } {
  const expiration = Math.floor((grant.now + dockerTokenLifetimeMs) / 1000);
  const payload = signToken(
    keys.dockerToken,
    JSON.stringify([grant.caller.accountId, grant.caller.accessKeyId, grant.region, expiration]),
  );
  return { token: wrap(payload, expiration), expiresAt: expiration * 1000 };
}

/** What `authorizationToken` of GetAuthorizationToken holds: the user name and the password, as HTTP Basic wants them. */
export function authorizationToken(password: string): string {
  return Buffer.from(`${dockerUserName}:${password}`, 'latin1').toString('base64');
}

/** Reads a password. Answers undefined for whatever this installation has not issued, letter for letter; does not judge the time. */
export function readDockerToken(keys: Pick<Keys, 'dockerToken'>, password: string): DockerToken | undefined {
  const payload = unwrap(password);
  const signed = payload === undefined ? undefined : verifyToken(keys.dockerToken, payload);
  if (payload === undefined || signed === undefined) return undefined;
  const [accountId, accessKeyId, region, expiration] = JSON.parse(signed.toString()) as [
    string,
    string,
    string,
    number,
  ];
  if (wrap(payload, expiration) !== password) return undefined;
  return { accountId, accessKeyId, region, expiresAt: expiration * 1000 };
}

function wrap(payload: string, expiration: number): string {
  return Buffer.from(JSON.stringify({ payload, version: '2', type: 'DATA_KEY', expiration }), 'latin1').toString(
    'base64',
  );
}

function unwrap(password: string): string | undefined {
  try {
    const wrapper: unknown = JSON.parse(Buffer.from(password, 'base64').toString('latin1'));
    const payload =
      typeof wrapper === 'object' && wrapper !== null && 'payload' in wrapper ? wrapper.payload : undefined;
    return typeof payload === 'string' ? payload : undefined;
  } catch {
    return undefined;
  }
}
