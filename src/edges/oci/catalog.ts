/** `GET /v2/_catalog`: the names of the registry's repositories, in byte order, in pages. */
import { listRepositoryNames } from '../../services/ecr/repositories/list-repository-names.ts';
import { send } from './error-response.ts';
import { pageSizeInvalid } from './faults.ts';
import type { OciRequest } from './oci-request.ts';
import { nextLink, parsePageSize, parseQuery } from './query.ts';

export async function getCatalog({ exchange, ecr, ref }: OciRequest): Promise<void> {
  const query = parseQuery(exchange.query);
  const limit = parsePageSize(query.get('n'));
  if (limit === undefined) throw pageSizeInvalid();
  const last = query.get('last');
  const { names, more } = await listRepositoryNames(ecr, ref, { limit, ...(last !== null && { after: last }) });
  const headers = ['Content-Type', 'application/json; charset=utf-8'];
  if (more && limit > 0) headers.push('Link', nextLink('/v2/_catalog', { n: String(limit), last: names.at(-1) }));
  send(exchange, 200, headers, JSON.stringify({ repositories: names }));
}
