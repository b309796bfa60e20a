/**
 * The kernel: from a socket to an exchange that an edge answers, and everything that is the same for all protocols: limits, refusals of what
 * is not HTTP, `Expect`, the access line, the metrics, the end. HTTP/1.1 over node:http, with TLS when a pair is given.
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Log } from '../../lib/log/create-log.ts';
import { logRequest } from './access-log.ts';
import { type Connection, createConnections } from './connections.ts';
import { dropUnreadBody } from './drop-unread-body.ts';
import { HttpExchange } from './http-exchange.ts';
import { type RefusalStatus, refuseConnection, statusOfParseError } from './refuse-connection.ts';
import { refusalOf, refuse } from './refuse-request.ts';
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
  /**
   * Ends without cutting off what can finish. From now on every answer closes its connection. New ones are still accepted for `delayMs`; then
   * requests in flight may finish for `timeoutMs`, and what is left is closed. Answers how many were cut off.
   */
  drain(times: { readonly delayMs: number; readonly timeoutMs: number }): Promise<number>;
}

/** Blocks in which bodies arrive: with 64 KiB, Node's default, a push takes a third longer. */
const READ_BLOCK = 2 ** 20;
const DRAIN_LOOK_MS = 25;

export function createHttpKernel(deps: {
  edges: Edges;
  limits: HttpLimits;
  log: Log;
  counts: RequestCounts;
  tls?: TlsPair | undefined;
}): HttpKernel {
  const { edges, limits, log, counts } = deps;
  const { logger } = log;
  const inFlight = new Set<HttpExchange>();
  const connections = createConnections();
  let draining = false;

  function serve(
    request: IncomingMessage,
    response: ServerResponse,
    continueOwed: boolean,
    refusedWith?: RefusalStatus,
  ): void {
    const target = originForm(request.url ?? '', request.headers.host);
    const carrier = connections.of(request.socket);
    const exchange = new HttpExchange(request, response, target ?? '/', continueOwed, carrier);
    carrier.busyWith.push(exchange);
    inFlight.add(exchange);
    if (draining) exchange.closeAfterwards();
    response.on('close', () => finish(exchange, carrier));
    response.on('error', ignore);

    const refusal = refusedWith ?? (target === undefined ? 400 : refusalOf(request, limits));
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
    // Whoever reads a body of a client that went away or was cut off gets an error that is nobody's bug.
    if (exchange.cutOff || (request.destroyed && !request.complete)) {
      response.destroy();
      return;
    }
    logger.error({ requestId: exchange.requestId, err: error }, 'unforeseen error while answering a request');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    try {
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      edgeNamed(exchange.record.edge).answerBug(exchange);
    } catch (second) {
      logger.error({ requestId: exchange.requestId, err: second }, 'the error could not be answered');
      response.destroy();
    }
  }

  function edgeNamed(name: string) {
    return Object.values(edges).find((edge) => edge.name === name) ?? edges.front;
  }

  function finish(exchange: HttpExchange, carrier: Connection): void {
    inFlight.delete(exchange);
    const { request, response, record } = exchange;
    const { socket } = request;
    const { busyWith } = carrier;
    if (busyWith.length === 1) busyWith.pop();
    else busyWith.splice(busyWith.indexOf(exchange), 1);
    // Each is a walk through Node's layers, so asked once.
    carrier.read = socket.bytesRead;
    carrier.written = socket.bytesWritten;
    record.bytesIn = carrier.read - exchange.readBefore;
    record.bytesOut = carrier.written - exchange.writtenBefore;
    const ms = performance.now() - exchange.startedAt;
    counts.add(record, response.statusCode, ms / 1000);
    logRequest(log, exchange, ms);
    if (!request.complete && !socket.destroyed) {
      dropUnreadBody(request, () => {
        // It belonged to this request, not to a next one.
        carrier.read = socket.bytesRead;
      });
    }
  }

  const options = serverOptions(limits);
  const tlsServer =
    deps.tls && createTlsServer({ ...options, ...deps.tls, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] });
  const server: Server | TlsServer = tlsServer ?? createServer(options);
  // Node would silently leave out what is beyond the count; refusalOf answers it.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.maxConnections;
  // Node takes a connection for idle whose first request is on its way, and closes it; connections.ts knows better.
  server.closeIdleConnections = connections.closeIdle;
  server.on(tlsServer === undefined ? 'connection' : 'secureConnection', connections.add);
  server.on('request', (request, response) => serve(request, response, false));
  server.on('checkContinue', (request, response) => serve(request, response, true));
  server.on('checkExpectation', (request, response) => serve(request, response, false, 417));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET') return void socket.destroy();
    const status = statusOfParseError(error.code);
    const busy = connections.of(socket as Socket).busyWith;
    const last = busy.at(-1);
    if (last === undefined) refuseConnection(socket, status, false);
    // What is wrong comes after a whole request: that one is answered, nothing after it is read.
    else if (last.request.complete) last.closeAfterwards();
    // It is the body that is wrong. An answer out of turn would be taken for that of an earlier request.
    else if (busy.length > 1 || last.response.headersSent) socket.destroy();
    else refuse(last, status);
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
          server.on('error', (error) => logger.error({ err: error }, 'the server failed to accept a connection'));
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

    async drain({ delayMs, timeoutMs }) {
      draining = true;
      for (const exchange of inFlight) exchange.closeAfterwards();
      if (delayMs > 0) await sleep(delayMs);
      // The system resets connections that nobody has accepted when the port is closed. A turn of the loop accepts all there are, and the
      // second one, which finds next to nothing to do, ends a moment after its own look.
      await turn();
      await turn();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Connections whose request has just finished become idle one by one.
      const look = setInterval(connections.closeIdle, DRAIN_LOOK_MS);
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

function ignore(): void {}
