/** A node in front of a true one that lies as broken registries do, so that the race can show that it finds them out. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export type Lie =
  /** Answers manifests by tag from a memory of a second, whatever changed. */
  | 'stale cache'
  /** Says that an image is deleted, and deletes it half a second later. */
  | 'late delete'
  /** Now and then says that a manifest was stored, and does not store it. */
  | 'lost push'
  /** Now and then cannot find a layer. */
  | 'lost layer'
  /** Answers a listing from a memory of a second. */
  | 'stale list';

export interface LyingNode extends AsyncDisposable {
  readonly origin: string;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export async function startLyingNode(truth: string, lie: Lie): Promise<LyingNode> {
  const memory = new Map<string, { readonly answered: Answered; readonly until: number }>();
  const later = new Set<Promise<unknown>>();
  let asked = 0;

  async function answer(exchange: Asked): Promise<Answered> {
    const { method, path, headers } = exchange;
    const byTag = /\/manifests\/v\d+$/.test(path);
    asked += 1;
    if (lie === 'stale cache' && byTag && (method === 'GET' || method === 'HEAD')) return remembered(exchange);
    if (lie === 'stale list' && headers['x-amz-target']?.includes('ListImages')) return remembered(exchange);
    if (lie === 'late delete' && method === 'DELETE' && /\/manifests\/sha256:/.test(path)) {
      const deleted = sleep(500).then(() => forward(truth, exchange));
      later.add(deleted);
      // Whether there was such an image decides what is said.
      const there = await forward(truth, { ...exchange, method: 'HEAD' });
      return there.status === 200 ? { status: 202, headers: {}, body: Buffer.alloc(0) } : deleted;
    }
    if (lie === 'lost push' && method === 'PUT' && byTag && asked % 2 === 0) {
      const { 'content-length': _, ...head } = headers;
      const there = await forward(truth, { ...exchange, method: 'HEAD', headers: head });
      if (there.status === 200) return { status: 201, headers: there.headers, body: Buffer.alloc(0) };
    }
    if (lie === 'lost layer' && (method === 'GET' || method === 'HEAD') && /\/blobs\/sha256:/.test(path)) {
      if (asked % 23 === 0) return { status: 404, headers: {}, body: Buffer.alloc(0) };
    }
    return forward(truth, exchange);
  }

  async function remembered(exchange: Asked): Promise<Answered> {
    const key = `${exchange.method} ${exchange.path} ${exchange.body}`;
    const known = memory.get(key);
    if (known !== undefined && known.until > performance.now()) return known.answered;
    const answered = await forward(truth, exchange);
    memory.set(key, { answered, until: performance.now() + 1_000 });
    return answered;
  }

  const server = createServer(async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    try {
      const { method = '', url = '', headers } = incoming;
      const answered = await answer({ method, path: url, headers, body: await buffer(incoming) });
      outgoing.writeHead(answered.status, withoutConnection(answered.headers)).end(answered.body);
    } catch {
      outgoing.destroy();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await Promise.allSettled(later);
    },
  };
}

function forward(origin: string, { method, path, headers, body }: Asked): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request(`${origin}${path}`, { method, headers: withoutConnection(headers) }, (answer) => {
      buffer(answer).then(
        (bytes) => resolve({ status: answer.statusCode!, headers: answer.headers, body: bytes }),
        reject,
      );
    });
    sent.on('error', reject).end(method === 'GET' || method === 'HEAD' || method === 'DELETE' ? undefined : body);
  });
}

function withoutConnection(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { connection, 'keep-alive': _, 'transfer-encoding': __, ...rest } = headers;
  return rest;
}
