/** A plain HTTP client that hides nothing: it follows, retries and decodes nothing, and tells a lost connection from an answer. */
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request as openRequest } from 'node:http';
import { Readable } from 'node:stream';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** False when the connection ended before the body did. */
  readonly whole: boolean;
}

export interface Call {
  readonly method: string;
  /** Path with query, or a whole URL of the same origin (as a `Location` may be). */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array | string | Readable;
}

export interface HttpClient {
  readonly origin: string;
  /** Rejects with NoAnswer when no status line came: the server may or may not have done what was asked. */
  call(call: Call): Promise<Answer>;
  close(): void;
}

/** The connection was lost, or nothing came for a minute, before there was an answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly hung: boolean;
  constructor(message: string, options: { cause?: unknown; hung?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.hung = options.hung ?? false;
  }
}

/** How long a server may be silent before a call counts as hung. */
const SILENCE_MS = 60_000;

export function createHttpClient(origin: string, options: { connections?: number } = {}): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections ?? Number.POSITIVE_INFINITY });
  return {
    origin,
    call: (call) => callOnce(origin, agent, call),
    close: () => agent.destroy(),
  };
}

function callOnce(origin: string, agent: Agent, call: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = new URL(call.path, origin);
    const what = `${call.method} ${url.pathname}`;
    const headers: OutgoingHttpHeaders = { ...call.headers };
    const body = typeof call.body === 'string' ? Buffer.from(call.body) : call.body;
    if (body instanceof Uint8Array) headers['content-length'] ??= body.length;
    else if (body === undefined && call.method !== 'GET' && call.method !== 'HEAD') headers['content-length'] ??= 0;

    let hung = false;
    let answered = false;
    const outgoing = openRequest(url, { agent, method: call.method, headers });
    outgoing.setTimeout(SILENCE_MS, () => {
      hung = true;
      outgoing.destroy(new Error(`no sign of life for ${SILENCE_MS} ms`));
    });
    outgoing.on('error', (cause) => {
      // A server that refuses early may close while we still write; its answer counts all the same.
      if (!answered) reject(new NoAnswer(`${what}: ${cause.message}`, { cause, hung }));
    });
    outgoing.on('response', (incoming) => {
      answered = true;
      const chunks: Buffer[] = [];
      const settle = (whole: boolean) =>
        resolve({ status: incoming.statusCode!, headers: incoming.headers, body: Buffer.concat(chunks), whole });
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => settle(incoming.complete));
      incoming.on('error', () => settle(false));
    });
    if (body instanceof Readable) body.on('error', (error) => outgoing.destroy(error)).pipe(outgoing);
    else outgoing.end(body);
  });
}
