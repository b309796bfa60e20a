/** One line per request. Nothing of the query, the headers or the body is ever in it: that is where the secrets are. */
import type { Logger } from 'pino';
import type { HttpExchange } from './http-exchange.ts';

/** To be called once, when the answer is sent or the connection lost. `ms` since the head of the request was read. */
export function logRequest(log: Logger, exchange: HttpExchange, ms: number): void {
  const { request, response, record } = exchange;
  const status = response.statusCode;
  const level = status >= 500 ? 'warn' : record.edge === 'probes' && status < 400 ? 'debug' : 'info';
  if (!log.isLevelEnabled(level)) return;
  log[level](
    {
      requestId: exchange.requestId,
      edge: record.edge,
      operation: record.operation,
      caller: record.caller,
      action: record.action,
      resource: record.resource,
      // A resource says more than a path; without one the path is all there is.
      path: record.resource === undefined ? loggablePath(exchange.path) : undefined,
      method: request.method,
      status,
      // The client went away, or was cut off, before it had the whole answer.
      aborted: response.writableFinished ? undefined : true,
      error: record.errorCode,
      bytesIn: record.bytesIn,
      bytesOut: record.bytesOut,
      ms: Math.round(ms * 1000) / 1000,
      remote: request.socket.remoteAddress,
    },
    'request',
  );
}

/** Long parts of a path may be signed tokens (download URLs), so only digests and names are shown whole. */
function loggablePath(path: string): string {
  if (path.length <= 80) return path;
  return path
    .slice(0, 1024)
    .split('/')
    .map((part) =>
      part.length <= 80 || /^sha(?:256|512)(?::|%3[Aa])[0-9a-f]+$/.test(part) ? part : `${part.slice(0, 20)}...`,
    )
    .join('/');
}
