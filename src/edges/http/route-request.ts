/** One port serves everything: which protocol a request speaks (design, section 2). */
import type { Edge, Exchange } from './exchange.ts';

export interface Edges {
  readonly oci: Edge;
  readonly awsJson: Edge;
  readonly awsQuery: Edge;
  readonly probes: Edge;
  /** `GET /` and everything nobody else wants. */
  readonly front: Edge;
}

export function routeRequest(edges: Edges, exchange: Exchange): Edge {
  const { path, request } = exchange;
  if (path.startsWith('/v2/') || path === '/v2') return edges.oci;
  if (request.headers['x-amz-target'] !== undefined) return edges.awsJson;
  if (path === '/livez' || path === '/readyz' || path === '/metrics') return edges.probes;
  if (path === '/') {
    if (request.method === 'POST') return isForm(request.headers['content-type']) ? edges.awsQuery : edges.awsJson;
    if (/(?:^|&)Action=/.test(exchange.query)) return edges.awsQuery;
  }
  return edges.front;
}

function isForm(contentType: string | undefined): boolean {
  return contentType !== undefined && /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType);
}
