/** `GET /v2/<name>/referrers/<digest>` (distribution specification, "Listing Referrers"): never 404 for a subject, known or not. */
import { parseDigest } from '../../lib/oci/digest.ts';
import { ociIndex } from '../../lib/oci/media-types.ts';
import { listReferrers, type ReferrerPage } from '../../services/ecr/images/list-referrers.ts';
import { limits } from '../../services/ecr/limits.ts';
import { send } from './error-response.ts';
import { digestInvalid, pageInvalid } from './faults.ts';
import type { OciRequest } from './oci-request.ts';
import { nextLink, parseQuery } from './query.ts';

const pageSize = 50;

export async function getReferrers(request: OciRequest): Promise<void> {
  const { exchange, ref, target } = request;
  if (parseDigest(target) === undefined) throw digestInvalid();
  const query = parseQuery(exchange.query);
  const artifactType = query.get('artifactType') || undefined;
  const last = query.get('last');
  if (last !== null && !/^\d{1,15}$/.test(last)) throw pageInvalid();
  const { body, next } = await readPage(request, {
    limit: pageSize,
    after: last === null ? undefined : Number(last),
    artifactTypes: artifactType === undefined ? undefined : [artifactType],
  });
  const headers = ['Content-Type', ociIndex];
  if (artifactType !== undefined) headers.push('OCI-Filters-Applied', 'artifactType');
  if (next !== undefined) {
    headers.push('Link', nextLink(`/v2/${ref.name}/referrers/${target}`, { artifactType, last: String(next) }));
  }
  send(exchange, 200, headers, body);
}

/** An index that is no larger than a manifest may be: clients read it as one. Annotations can make single descriptors large. */
async function readPage(request: OciRequest, page: ReferrerPage): Promise<{ body: string; next: number | undefined }> {
  const { referrers, next } = await listReferrers(request.ecr, request.ref, request.target, page);
  const body = JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: referrers });
  if (Buffer.byteLength(body) > limits.manifestBytes && referrers.length > 1) {
    return readPage(request, { ...page, limit: Math.ceil(referrers.length / 2) });
  }
  return { body, next };
}
