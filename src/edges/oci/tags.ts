/** `GET /v2/<name>/tags/list` (distribution specification, "Listing tags"): in lexical order, in pages. */
import { listTags } from '../../services/ecr/images/list-tags.ts';
import { send } from './error-response.ts';
import { pageSizeInvalid } from './faults.ts';
import type { OciRequest } from './oci-request.ts';
import { nextLink, parsePageSize, parseQuery } from './query.ts';

export async function getTags({ exchange, ecr, ref }: OciRequest): Promise<void> {
  const query = parseQuery(exchange.query);
  const limit = parsePageSize(query.get('n'));
  if (limit === undefined) throw pageSizeInvalid();
  const last = query.get('last');
  const { tags, more } = await listTags(ecr, ref, { limit, ...(last !== null && { after: last }) });
  const headers = ['Content-Type', 'application/json; charset=utf-8'];
  if (more && limit > 0)
    headers.push('Link', nextLink(`/v2/${ref.name}/tags/list`, { n: String(limit), last: tags.at(-1) }));
  send(exchange, 200, headers, JSON.stringify({ name: ref.name, tags }));
}
