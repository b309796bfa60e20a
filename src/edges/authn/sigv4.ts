/**
 * Who makes a signed AWS request: Signature Version 4 in its header form, every failure with AWS's code and text (behaviour
 * page, section 1.3). In two steps, so that nobody's body is read before the headers are worth it.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../ports/clock.ts';
import type { Caller } from '../../services/caller.ts';
import { type ServedRegions, servesRegion } from '../../services/region-name.ts';
import {
  invalidSignature,
  missingAuthenticationToken,
  signatureDoesNotMatch,
  unrecognizedClient,
} from '../../services/request-faults.ts';
import { type CredentialScope, parseAuthorization } from './sigv4-authorization.ts';
import { canonicalRequest, type SignedParts, signedHeaderValues } from './sigv4-canonical-request.ts';
import { checkSigningTime, signingTime } from './sigv4-date.ts';

export interface AccessKey {
  readonly caller: Caller;
  readonly secretAccessKey: string;
}

export interface SigV4Options {
  readonly clock: Clock;
  readonly regions: ServedRegions;
  readonly findAccessKey: (accessKeyId: string) => AccessKey | undefined | Promise<AccessKey | undefined>;
}

/** Who a request says it is from: believed only after `verify`. */
export interface ClaimedIdentity {
  readonly caller: Caller;
  readonly region: string;
  readonly service: string;
  /** Throws InvalidSignatureException unless the secret key of the caller signed this request with this body. */
  verify(body: Uint8Array): void;
}

export interface SigV4Request extends Omit<SignedParts, 'headers'> {
  /** Node's flat list of names and values. */
  readonly rawHeaders: readonly string[];
}

export type ReadIdentity = (request: SigV4Request, services: readonly string[]) => Promise<ClaimedIdentity>;

const rememberedSigningKeys = 1000;

/**
 * A reader of identities. It throws the Fault for everything that is wrong with a request's headers: no or a malformed signature, a
 * scope of another service or region, a time too far off, an unknown key.
 */
export function createSigV4(options: SigV4Options): ReadIdentity {
  const signingKeyOf = createSigningKeys();
  return async (request, services) => {
    const headers = signedHeaderValues(request.rawHeaders);
    const authorization = headers.get('authorization');
    if (authorization === undefined) throw missingAuthenticationToken();
    const date = headers.get('x-amz-date') ?? headers.get('date');
    const { credential, signedHeaders, signature } = parseAuthorization(authorization, date !== undefined);
    const time = signingTime(date!);
    checkScope(credential, services, options.regions);
    checkSigningTime(time, credential.date, options.clock.now());
    checkSignedHeaders(headers, signedHeaders);
    // Session credentials do not exist here yet; a key that comes with a token is not one of ours.
    const key = headers.has('x-amz-security-token') ? undefined : await options.findAccessKey(credential.accessKeyId);
    if (key === undefined) throw unrecognizedClient();

    const { region, service } = credential;
    return {
      caller: key.caller,
      region,
      service,
      verify(body) {
        const canonical = canonicalRequest({ ...request, headers }, signedHeaders, hash('sha256', body));
        const canonicalHash = hash('sha256', Buffer.from(canonical, 'latin1'));
        const scope = `${credential.date}/${region}/${service}/aws4_request`;
        const toSign = `AWS4-HMAC-SHA256\n${time.text}\n${scope}\n${canonicalHash}`;
        if (!isSignature(signature, hmac(signingKeyOf(credential, key.secretAccessKey), toSign))) {
          throw signatureDoesNotMatch();
        }
      },
    };
  };
}

function checkScope({ region, service }: CredentialScope, services: readonly string[], regions: ServedRegions): void {
  if (!services.includes(service)) {
    throw invalidSignature(`Credential should be scoped to correct service: '${services[0]}'. `);
  }
  if (!servesRegion(regions, region)) {
    throw invalidSignature(`Credential should be scoped to a valid region, not '${region}'. `);
  }
}

/** What decides where a request goes, when it was made and what it does has to be part of the signature. */
function checkSignedHeaders(headers: ReadonlyMap<string, string>, signedHeaders: readonly string[]): void {
  const signed = new Set(signedHeaders);
  if (!signed.has('host')) {
    throw invalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS 'Authorization' header.");
  }
  for (const name of headers.has('x-amz-date') ? ['x-amz-date', 'x-amz-target'] : ['date', 'x-amz-target']) {
    if (headers.has(name) && !signed.has(name)) {
      throw invalidSignature(`'${name}' must be a 'SignedHeader' in the AWS 'Authorization' header.`);
    }
  }
}

/** Four of the five HMACs of a signature are the same all day. */
function createSigningKeys(): (scope: CredentialScope, secretAccessKey: string) => Buffer {
  const remembered = new LRUCache<string, { readonly secret: string; readonly key: Buffer }>({
    max: rememberedSigningKeys,
  });
  return ({ accessKeyId, date, region, service }, secret) => {
    const name = `${accessKeyId}/${date}/${region}/${service}`;
    const known = remembered.get(name);
    if (known?.secret === secret) return known.key;
    const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request');
    remembered.set(name, { secret, key });
    return key;
  };
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'latin1').digest();
}

function isSignature(given: string, expected: Buffer): boolean {
  const bytes = /^[0-9a-f]{64}$/.test(given) ? Buffer.from(given, 'hex') : undefined;
  return bytes !== undefined && timingSafeEqual(bytes, expected);
}
