/** The kernel alone on a free port, with an edge of the test's making in place of every protocol. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Edge, Exchange } from '../../../src/edges/http/exchange.ts';
import { createHttpKernel, type HttpKernel, type HttpLimits } from '../../../src/edges/http/http-kernel.ts';
import { createRequestCounts, type RequestCounts } from '../../../src/edges/http/request-counts.ts';
import type { TlsPair } from '../../../src/edges/http/tls-files.ts';
import { logTo } from '../../../src/lib/log/create-log.ts';

export interface StartedKernel {
  readonly kernel: HttpKernel;
  readonly port: number;
  readonly counts: RequestCounts;
  /** Lines of the log, parsed. */
  readonly lines: Record<string, unknown>[];
  /** Sends these bytes on a new connection and answers all that comes back until the server closes it. */
  send(...pieces: (string | Buffer)[]): Promise<string>;
  stop(): Promise<void>;
}

const usualLimits: HttpLimits = {
  headersTimeout: 30_000,
  idleTimeout: 75_000,
  stallTimeout: 60_000,
  minRate: 0,
  maxHeaderSize: 16_384,
  maxHeaders: 64,
  maxConnections: 100,
};

export async function startKernel(
  handle: Edge['handle'] = answerOk,
  options: { limits?: Partial<HttpLimits>; tls?: TlsPair } = {},
): Promise<StartedKernel> {
  const lines: Record<string, unknown>[] = [];
  const edge: Edge = { name: 'test', handle, answerBug: (exchange) => answer(exchange, 500, 'bug') };
  const counts = createRequestCounts();
  const kernel = createHttpKernel({
    edges: { oci: edge, awsJson: edge, awsQuery: edge, probes: edge, front: edge },
    limits: { ...usualLimits, ...options.limits },
    log: logTo((line) => void lines.push(JSON.parse(line)), 'debug'),
    counts,
    tls: options.tls,
  });
  const { port } = await kernel.listen({ host: '127.0.0.1', port: 0 });
  return {
    kernel,
    port,
    counts,
    lines,
    async send(...pieces) {
      const socket = connect(port, '127.0.0.1');
      // A reset after the answer is as good an end as any.
      const answered = text(socket).catch(() => '');
      for (const piece of pieces) socket.write(piece);
      return answered;
    },
    stop: () => kernel.drain({ delayMs: 0, timeoutMs: 0 }).then(() => undefined),
  };
}

export function answerOk(exchange: Exchange): void {
  exchange.record.operation = 'Test';
  answer(exchange, 200, 'fine');
}

export function answer({ response }: Exchange, status: number, body: string): void {
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
