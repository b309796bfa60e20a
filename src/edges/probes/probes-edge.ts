/** /livez, /readyz and /metrics: for whatever looks after the process. They need no credentials and tell no names of users. */
import type { Edge, Exchange } from '../http/exchange.ts';
import type { Readiness } from './readiness.ts';

export interface ProbesDeps {
  readonly readiness: () => Promise<Readiness>;
  readonly metrics: ScrapedMetrics;
}

/** In Prometheus' text format. */
export interface ScrapedMetrics {
  metrics(): Promise<string>;
  readonly contentType: string;
}

export function createProbesEdge({ readiness, metrics }: ProbesDeps): Edge {
  return {
    name: 'probes',
    handle(exchange) {
      const { request, path, record } = exchange;
      record.operation = path.slice(1);
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        record.errorCode = 'MethodNotAllowed';
        exchange.response.setHeader('Allow', 'GET, HEAD');
        return answer(exchange, 405, 'Use GET.\n');
      }
      // Alive means no more than that the event loop turns: a full disk is no reason to be killed and started again.
      if (path === '/livez') return answer(exchange, 200, 'ok\n');
      return path === '/readyz' ? answerReadiness(exchange) : answerMetrics(exchange);
    },
    answerBug: (exchange) =>
      answer(exchange, 500, `Something went wrong in the server. Request id: ${exchange.requestId}\n`),
  };

  async function answerReadiness(exchange: Exchange): Promise<void> {
    const result = await readiness();
    if (result.ready) return answer(exchange, 200, 'ok\n');
    exchange.record.errorCode = 'NotReady';
    exchange.response.setHeader('Retry-After', '1');
    answer(exchange, 503, `not ready: ${result.because}\n`);
  }

  async function answerMetrics(exchange: Exchange): Promise<void> {
    answer(exchange, 200, await metrics.metrics(), metrics.contentType);
  }
}

function answer(
  { request, response }: Exchange,
  status: number,
  text: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}
