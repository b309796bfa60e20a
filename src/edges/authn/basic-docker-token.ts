/**
 * HTTP Basic of the registry (behaviour page, 9.1): user name `AWS`, password a docker token. On the hot path of every pull, so a
 * header that was checked before costs one look-up of its text; the time and the caller's existence are judged every time.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../ports/clock.ts';
import type { Keys } from '../../ports/keys.ts';
import type { Metadata } from '../../ports/metadata.ts';
import type { Caller } from '../../services/caller.ts';
import { type DockerToken, dockerUserName, readDockerToken } from '../../services/ecr/registry/docker-token.ts';
import { Fault } from '../../services/fault.ts';

/** About 2 MB of headers at most. */
const rememberedHeaders = 2_000;

export interface DockerTokenCheckDeps {
  readonly keys: Pick<Keys, 'dockerToken'>;
  readonly clock: Clock;
  readonly metadata: Pick<Metadata, 'refresh' | 'onChange'>;
  /** The caller that an access key belongs to; undefined once the key is gone. */
  readonly findCaller: (accessKeyId: string) => Promise<Caller | undefined>;
}

/**
 * Who makes a request with this Authorization header in this region. Answers at once when the header is known, and then what is
 * remembered has been brought up to date (`metadata.refresh`) in the same turn of the event loop. Throws (or rejects with) the Faults `NotAuthorized`, `AuthorizationTokenInvalid` and `AuthorizationTokenExpired`.
 */
export type DockerTokenCheck = (header: string | undefined, region: string) => Caller | Promise<Caller>;

interface Known {
  readonly caller: Caller;
  readonly token: DockerToken;
}

export function createDockerTokenCheck(deps: DockerTokenCheckDeps): DockerTokenCheck {
  const { keys, clock, metadata, findCaller } = deps;
  const known = new LRUCache<string, Known>({ max: rememberedHeaders });
  let version = 0;
  metadata.onChange((change) => {
    if (change.kind !== 'everything') return;
    version += 1;
    known.clear();
  });

  function judge({ caller, token }: Known, region: string): Caller {
    if (token.region !== region) throw invalidToken();
    if (token.expiresAt <= clock.now()) throw expiredToken();
    return caller;
  }

  async function check(header: string, region: string): Promise<Caller> {
    const password = passwordOf(header);
    const token = password === undefined ? undefined : readDockerToken(keys, password);
    if (token === undefined) throw invalidToken();
    const versionBeforeRead = version;
    const caller = await findCaller(token.accessKeyId);
    if (caller === undefined || caller.accountId !== token.accountId) throw invalidToken();
    const found = { caller, token };
    const judged = judge(found, region);
    if (version === versionBeforeRead) known.set(header, found);
    return judged;
  }

  function answer(header: string, region: string): Caller | Promise<Caller> {
    const found = known.get(header);
    return found === undefined ? check(header, region) : judge(found, region);
  }

  return (header, region) => {
    if (header === undefined) throw notAuthorized();
    const refreshing = metadata.refresh();
    return refreshing === undefined ? answer(header, region) : refreshing.then(() => answer(header, region));
  };
}

/** The password of `Basic base64(AWS:<password>)`; undefined for another user, another scheme and anything else. */
export function passwordOf(header: string): string | undefined {
  const match = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header);
  if (match === null || (match[1] as string).length % 4 !== 0) return undefined;
  const [user, password, ...more] = Buffer.from(match[1] as string, 'base64')
    .toString('latin1')
    .split(':');
  return user === dockerUserName && more.length === 0 ? password : undefined;
}

const notAuthorized = () => new Fault('NotAuthorized', 'Not Authorized');
const invalidToken = () => new Fault('AuthorizationTokenInvalid', 'Your Authorization Token is invalid.');
const expiredToken = () =>
  new Fault('AuthorizationTokenExpired', 'Your authorization token has expired. Reauthenticate and try again.');
