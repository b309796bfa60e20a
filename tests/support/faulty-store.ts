/**
 * A proxy in front of an S3-compatible store that fails by rule, the way stores and networks do. Signatures stay right: the host name that was signed
 * is passed on. Imports nothing of src.
 */
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

export interface ObservedRequest {
  readonly method: string;
  /** Behind the bucket, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

export type Fault =
  /** Answered by the proxy; the store never hears of it. */
  | { readonly answer: number; readonly code?: string; readonly body?: string }
  /** The connection is cut before the store hears of it, after so many bytes of the request's body. */
  | { readonly cutRequestAfter: number }
  /** The store does what it is asked, and its answer is lost. */
  | 'lose-answer'
  /** The connection is cut after so many bytes of the answer's body. */
  | { readonly cutAnswerAfter: number }
  /** The answer is shorter, and its head says so: nothing of HTTP is wrong with it. */
  | { readonly shortenAnswerTo: number }
  | 'hang'
  | { readonly etag: string }
  /** A bit of the request's body is flipped on its way. */
  | 'damage-request'
  /** The first byte of the answer's body is flipped on its way. */
  | 'damage-answer';

export interface Rule {
  readonly fault: Fault;
  when(request: ObservedRequest): boolean;
  /** How often; always when left out. */
  readonly times?: number;
}

export interface FaultyStore {
  readonly endpoint: string;
  /** Every request, in the order in which they came. */
  readonly seen: readonly ObservedRequest[];
  /** Replaces all rules; the first that fits counts. Forgets what was seen. */
  fail(...rules: readonly Rule[]): void;
  stop(): Promise<void>;
}

/** What S3 calls the request: `PutObject`, `UploadPart`… */
export function operationOf({ method, query, path }: ObservedRequest): string {
  if (query.has('uploads')) return method === 'POST' ? 'CreateMultipartUpload' : 'ListMultipartUploads';
  if (query.has('uploadId')) {
    return { PUT: 'UploadPart', POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload' }[method] ?? method;
  }
  if (path.length <= 1) return 'ListObjects';
  return { PUT: 'PutObject', GET: 'GetObject', HEAD: 'HeadObject', DELETE: 'DeleteObject' }[method] ?? method;
}

/** A rule for one operation. */
export function on(operation: string, fault: Fault, times?: number): Rule {
  return { fault, when: (seen) => operationOf(seen) === operation, ...(times !== undefined && { times }) };
}

/** With `tls` (PEM) it speaks HTTPS. */
export async function startFaultyStore(endpoint: string, tls?: { key: string; cert: string }): Promise<FaultyStore> {
  const agent = new Agent({ keepAlive: true });
  let rules: { rule: Rule; left: number }[] = [];
  let seen: ObservedRequest[] = [];

  const onRequest = (incoming: IncomingMessage, answer: ServerResponse) => {
    const url = new URL(incoming.url ?? '/', endpoint);
    const observed: ObservedRequest = {
      method: incoming.method ?? '',
      path: url.pathname.replace(/^\/[^/]+/, ''),
      query: url.searchParams,
      headers: incoming.headers,
    };
    seen.push(observed);
    const rule = rules.find(({ rule: each, left }) => left > 0 && each.when(observed));
    if (rule) rule.left--;
    answer.on('error', () => {});
    pass(endpoint, agent, incoming, answer, rule?.rule.fault).catch(() => answer.destroy());
  };
  const server = tls ? createTlsServer(tls, onRequest) : createServer(onRequest);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get seen() {
      return seen;
    },
    fail(...next) {
      rules = next.map((rule) => ({ rule, left: rule.times ?? Number.POSITIVE_INFINITY }));
      seen = [];
    },
    async stop() {
      const closed = once(server.close(), 'close');
      server.closeAllConnections();
      await closed;
      agent.destroy();
    },
  };
}

async function pass(
  endpoint: string,
  agent: Agent,
  incoming: IncomingMessage,
  answer: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  if (fault === 'hang') return void incoming.resume();
  if (typeof fault === 'object' && 'cutRequestAfter' in fault) return cutRequest(incoming, fault.cutRequestAfter);
  if (typeof fault === 'object' && 'answer' in fault) {
    // Without waiting for the body, as an overloaded store does.
    const { answer: status, code = 'InternalError' } = fault;
    const body = fault.body ?? `<?xml version="1.0"?><Error><Code>${code}</Code><Message>injected</Message></Error>`;
    const head = { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) };
    answer.writeHead(status, head).end(incoming.method === 'HEAD' ? undefined : body);
    return void incoming.resume();
  }
  const stored = await forward(endpoint, agent, incoming, fault === 'damage-request');
  if (fault === 'lose-answer') {
    stored.resume();
    await once(stored, 'end');
    return void answer.destroy();
  }
  const headers = { ...stored.headers };
  if (typeof fault === 'object' && 'etag' in fault) headers.etag = fault.etag;
  if (typeof fault === 'object' && 'shortenAnswerTo' in fault) {
    const body = (await buffer(stored)).subarray(0, fault.shortenAnswerTo);
    answer.writeHead(stored.statusCode ?? 500, { ...headers, 'content-length': body.length }).end(body);
    return;
  }
  answer.writeHead(stored.statusCode ?? 500, headers);
  let sent = 0;
  for await (const chunk of stored as AsyncIterable<Buffer>) {
    if (fault === 'damage-answer' && sent === 0) chunk[0]! ^= 1;
    if (typeof fault === 'object' && 'cutAnswerAfter' in fault && sent + chunk.length > fault.cutAnswerAfter) {
      answer.write(chunk.subarray(0, fault.cutAnswerAfter - sent), () => answer.destroy());
      stored.destroy();
      return;
    }
    sent += chunk.length;
    if (!answer.write(chunk)) await roomIn(answer);
    if (answer.destroyed) return void stored.destroy();
  }
  answer.end();
}

async function forward(endpoint: string, agent: Agent, incoming: IncomingMessage, damaged: boolean) {
  const { hostname, port } = new URL(endpoint);
  const { method, url: path, headers } = incoming;
  const onward = request({ hostname, port, agent, method, path, headers });
  const answered = once(onward, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => {});
  // Also of a connection that is kept for the next request.
  onward.on('error', () => {});
  let isFirst = true;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    if (damaged && isFirst) chunk[0]! ^= 1;
    isFirst = false;
    if (!onward.write(chunk)) await roomIn(onward);
    if (onward.destroyed) break;
  }
  onward.end();
  const [stored] = await answered;
  return stored;
}

/** Resolves when more may be written, or nobody reads any more. */
function roomIn(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

async function cutRequest(incoming: IncomingMessage, after: number): Promise<void> {
  let came = 0;
  incoming.on('error', () => {});
  if (after > 0) {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      came += chunk.length;
      if (came >= after) break;
    }
  }
  incoming.socket.destroy();
}
