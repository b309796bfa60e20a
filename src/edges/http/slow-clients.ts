/**
 * Cuts off clients that hold a request open without sending or taking bytes. There is deliberately no limit on how long a request
 * may take: a layer of many gigabytes over a slow line is welcome, a connection that drips one byte a minute is not.
 */
import type { Socket } from 'node:net';
import type { HttpExchange } from './http-exchange.ts';

export interface SlowClientLimits {
  /** A client we wait for must send or take `minBytes` within this time. */
  readonly stallTimeoutMs: number;
  readonly minBytes: number;
}

/** Looks at every request in flight from time to time. `stop` ends that. */
export function watchSlowClients(
  inFlight: Iterable<HttpExchange>,
  limits: SlowClientLimits,
  cut: (exchange: HttpExchange) => void,
): { stop(): void } {
  const look = () => {
    const now = performance.now();
    for (const exchange of inFlight) if (hasStalled(exchange, now, limits)) cut(exchange);
  };
  const timer = setInterval(look, Math.max(50, limits.stallTimeoutMs / 8)).unref();
  return { stop: () => clearInterval(timer) };
}

/** Whether the client has let the time pass; also moves its mark on when it made progress or when it is we who are slow. */
export function hasStalled(
  exchange: HttpExchange,
  now: number,
  { stallTimeoutMs, minBytes }: SlowClientLimits,
): boolean {
  const progress = bytesMoved(exchange.request.socket);
  const begun = exchange.progressMarkAt !== 0;
  if (!begun || !waitsForClient(exchange) || progress - exchange.progressMark >= minBytes) {
    exchange.progressMark = progress;
    exchange.progressMarkAt = now;
    return false;
  }
  return now - exchange.progressMarkAt >= stallTimeoutMs;
}

/** True while bytes of the client's are missing or bytes of ours not yet taken; false while the work is ours. */
function waitsForClient({ request, response, continueOwed }: HttpExchange): boolean {
  if (request.socket.writableLength > 0 || response.writableLength > 0) return true;
  return !request.complete && !continueOwed && request.readableLength === 0 && !request.isPaused();
}

/** Bytes that came in, and bytes of ours that the system has taken; not those still queued in the process. */
function bytesMoved(socket: Socket): number {
  // The queue of the handle shrinks with every partial write, while `writableLength` waits for whole chunks of up to 1 MiB, for
  // which a slow reader may need minutes. Node's own socket timeout looks at it too.
  const queued = (socket as unknown as { _handle?: { writeQueueSize?: number } | null })._handle?.writeQueueSize;
  const dispatched = socket.bytesWritten - socket.writableLength;
  const partly = queued === undefined ? 0 : Math.max(0, socket.writableLength - queued);
  return socket.bytesRead + dispatched + partly;
}
