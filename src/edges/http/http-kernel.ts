/**
 * The kernel: from a socket to an exchange that an edge answers, and everything that is the same for all protocols: limits, refusals of what
 * is not HTTP, `Expect`, the access line, the metrics, the end. HTTP/1.1 over node:http, with TLS when a pair is given.
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from 'pino';
import { logRequest } from './access-log.ts';
import { dropUnreadBody } from './drop-unread-body.ts';
import { HttpExchange } from './http-exchange.ts';
import { type RefusalStatus, refuseConnection, statusOfParseError } from './refuse-connection.ts';
import type { RequestCounts } from './request-counts.ts';
import { originForm } from './request-target.ts';
import { type Edges, routeRequest } from './route-request.ts';
import { watchSlowClients } from './slow-clients.ts';
import type { TlsPair } from './tls-files.ts';

export interface HttpLimits {
  readonly headersTimeout: number;
  readonly idleTimeout: number;
  readonly stallTimeout: number;
  /** Bytes a second. */
  readonly minRate: number;
  readonly maxHeaderSize: number;
  readonly maxHeaders: number;
  readonly maxConnections: number;
}

export interface HttpKernel {
  /** Rejects with the error of `listen`, such as EADDRINUSE. */
  listen(address: { host: string; port: number }): Promise<AddressInfo>;
  /** How many connections are open. */
  connections(): Promise<number>;
  /** Serves later connections with this pair. */
  useTlsPair(pair: TlsPair): void;
  /** Stops accepting, lets requests in flight finish for so long, then closes what is left. Answers how many were cut off. */
  drain(timeoutMs: number): Promise<number>;
}

/** Blocks in which bodies arrive: with 64 KiB, Node's default, a push takes a third longer. */
const READ_BLOCK = 2 ** 20;
const DRAIN_LOOK_MS = 25;

/** What a connection carried before the request that is now worked on. */
const carried = Symbol('carried');
/** The request a connection is busy with, to know whether an answer has begun. */
const current = Symbol('current');
type KernelSocket = Socket & { [carried]?: { read: number; written: number }; [current]?: HttpExchange | undefined };

export function createHttpKernel(deps: {
  edges: Edges;
  limits: HttpLimits;
  log: Logger;
  counts: RequestCounts;
  tls?: TlsPair | undefined;
}): HttpKernel {
  const { edges, limits, log, counts } = deps;
  const inFlight = new Set<HttpExchange>();
  let draining = false;

  function serve(request: IncomingMessage, response: ServerResponse, continueOwed: boolean): void {
    const socket: KernelSocket = request.socket;
    const target = originForm(request.url ?? '', request.headers.host);
    const before = socket[carried] ?? { read: 0, written: 0 };
    const exchange = new HttpExchange(request, response, target ?? '/', continueOwed, before);
    socket[current] = exchange;
    inFlight.add(exchange);
    if (draining) response.shouldKeepAlive = false;
    response.on('close', () => finish(exchange));
    response.on('error', ignore);

    const refusal = target === undefined ? 400 : refusalOf(request, limits);
    if (refusal !== undefined) {
      refuse(exchange, refusal);
      return;
    }
    const edge = routeRequest(edges, exchange);
    exchange.record.edge = edge.name;
    try {
      const done = edge.handle(exchange);
      if (done !== undefined) done.catch((error: unknown) => bug(exchange, error));
    } catch (error) {
      bug(exchange, error);
    }
  }

  function bug(exchange: HttpExchange, error: unknown): void {
    const { response, request } = exchange;
    // Whoever reads a body of a client that went away gets an error that is nobody's bug.
    if (request.destroyed && !request.complete) {
      response.destroy();
      return;
    }
    log.error({ requestId: exchange.requestId, err: error }, 'unforeseen error while answering a request');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    try {
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      edgeNamed(exchange.record.edge).answerBug(exchange);
    } catch (second) {
      log.error({ requestId: exchange.requestId, err: second }, 'the error could not be answered');
      response.destroy();
    }
  }

  function edgeNamed(name: string) {
    return Object.values(edges).find((edge) => edge.name === name) ?? edges.front;
  }

  function finish(exchange: HttpExchange): void {
    inFlight.delete(exchange);
    const { request, response, record } = exchange;
    const socket: KernelSocket = request.socket;
    if (socket[current] === exchange) socket[current] = undefined;
    record.bytesIn = socket.bytesRead - exchange.readBefore;
    record.bytesOut = socket.bytesWritten - exchange.writtenBefore;
    socket[carried] = { read: socket.bytesRead, written: socket.bytesWritten };
    const ms = performance.now() - exchange.startedAt;
    counts.add(record, response.statusCode, ms / 1000);
    logRequest(log, exchange, ms);
    if (!request.complete && !socket.destroyed) dropUnreadBody(request);
  }

  const options = serverOptions(limits);
  const tlsServer =
    deps.tls && createTlsServer({ ...options, ...deps.tls, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] });
  const server: Server | TlsServer = tlsServer ?? createServer(options);
  // Node would silently leave out what is beyond the count; refusalOf answers it.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.maxConnections;
  server.on('request', (request, response) => serve(request, response, false));
  server.on('checkContinue', (request, response) => serve(request, response, true));
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    response.shouldKeepAlive = false;
    answerRefusal(response, 417);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET') return void socket.destroy();
    refuseConnection(socket, statusOfParseError(error.code), (socket as KernelSocket)[current] !== undefined);
  });
  server.on('connect', (_request, socket) => refuseConnection(socket, 405, false));
  const slowClients = watchSlowClients(
    inFlight,
    { stallTimeoutMs: limits.stallTimeout, minBytes: Math.max(1, (limits.minRate * limits.stallTimeout) / 1000) },
    (exchange) => cutOff(exchange),
  );

  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
          server.off('error', reject);
          server.on('error', (error) => log.error({ err: error }, 'the server failed to accept a connection'));
          resolve(server.address() as AddressInfo);
        });
      }),

    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
      }),

    useTlsPair(pair) {
      tlsServer?.setSecureContext({ ...pair, minVersion: 'TLSv1.2' });
    },

    async drain(timeoutMs) {
      draining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const exchange of inFlight) if (!exchange.response.headersSent) exchange.response.shouldKeepAlive = false;
      // Connections whose request has just finished become idle one by one.
      const look = setInterval(() => server.closeIdleConnections(), DRAIN_LOOK_MS);
      let cut = 0;
      const end = setTimeout(() => {
        cut = inFlight.size;
        server.closeAllConnections();
      }, timeoutMs);
      await closed;
      clearInterval(look);
      clearTimeout(end);
      slowClients.stop();
      return cut;
    },
  };

  function cutOff(exchange: HttpExchange): void {
    exchange.record.errorCode ??= 'ClientTooSlow';
    if (exchange.response.headersSent || exchange.request.complete) exchange.request.socket.destroy();
    else refuse(exchange, 408);
  }
}

function serverOptions(limits: HttpLimits): ServerOptions {
  return {
    highWaterMark: READ_BLOCK,
    maxHeaderSize: limits.maxHeaderSize,
    headersTimeout: limits.headersTimeout,
    // No limit on a whole request: slow-clients.ts ends those that do not move.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(5000, limits.headersTimeout),
    keepAliveTimeout: limits.idleTimeout,
    noDelay: true,
    insecureHTTPParser: false,
    requireHostHeader: true,
  };
}

/** What Node's parser lets through and we do not; see tests/wire/http-smuggling.test.ts for what it already refuses. */
function refusalOf(request: IncomingMessage, limits: HttpLimits): RefusalStatus | undefined {
  const { rawHeaders, headers } = request;
  if (rawHeaders.length > 2 * limits.maxHeaders) return 431;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  // Node takes the first of two hosts, a proxy before us perhaps the last one.
  if (hosts > 1) return 400;
  if (
    headers['transfer-encoding'] !== undefined &&
    (headers['content-length'] !== undefined || request.httpVersionMinor === 0)
  )
    return 400;
  return undefined;
}

/** Refuses a request that no edge has seen; the connection is not to be trusted with another one. */
function refuse(exchange: HttpExchange, status: RefusalStatus): void {
  exchange.record.errorCode ??= status === 431 ? 'TooManyHeaders' : 'BadRequest';
  exchange.response.shouldKeepAlive = false;
  answerRefusal(exchange.response, status);
  exchange.response.on('finish', () => exchange.request.socket.destroySoon());
}

function answerRefusal(response: ServerResponse, status: RefusalStatus): void {
  const body = `${JSON.stringify({ message: `${status}: the request was refused` })}\n`;
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

function ignore(): void {}
