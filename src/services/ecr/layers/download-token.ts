/**
 * The token in the URL of GetDownloadUrlForLayer: lets whoever has it read one layer for an hour, without credentials, as S3's
 * presigned URLs do. The registry edge serves it at `GET /v2/-/layers/<token>`: `-` can be no part of a repository's name.
 */
import { signToken, verifyToken } from '../../../lib/signed-token.ts';
import type { Keys } from '../../../ports/keys.ts';
import type { ServiceSettings } from '../../settings.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';

export const downloadLifetimeMs = 60 * 60 * 1000;
export const downloadPathPrefix = '/v2/-/layers/';

export interface DownloadGrant extends RepositoryRef {
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

type Payload = readonly ['layer', string, string, string, string, number];

export function issueDownloadToken(keys: Pick<Keys, 'pageToken'>, grant: DownloadGrant): string {
  const payload: Payload = ['layer', grant.accountId, grant.region, grant.name, grant.digest, grant.expiresAt];
  return signToken(keys.pageToken, JSON.stringify(payload));
}

/** What the token allows, or undefined when it is not ours or `now` is past its end. */
export function readDownloadToken(
  keys: Pick<Keys, 'pageToken'>,
  token: string,
  now: number,
): DownloadGrant | undefined {
  const signed = verifyToken(keys.pageToken, token);
  if (signed === undefined) return undefined;
  // The same key signs page tokens: the first word tells them apart.
  const payload = JSON.parse(signed.toString()) as Payload | readonly ['page', ...unknown[]];
  if (payload[0] !== 'layer') return undefined;
  const [, accountId, region, name, digest, expiresAt] = payload;
  return now < expiresAt ? { accountId, region, name, digest, expiresAt } : undefined;
}

/** A URL that works for an hour. */
export function downloadUrl(
  keys: Pick<Keys, 'pageToken'>,
  settings: Pick<ServiceSettings, 'scheme' | 'registryHost'>,
  layer: RepositoryRef & { readonly digest: string },
  now: number,
): string {
  const token = issueDownloadToken(keys, { ...layer, expiresAt: now + downloadLifetimeMs });
  return `${settings.scheme}://${settings.registryHost(layer.accountId, layer.region)}${downloadPathPrefix}${token}`;
}
