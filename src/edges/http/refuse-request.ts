/** Requests that Node's parser lets through and we do not, refused before any edge sees them (RFC 9112, sections 3.2, 6 and 11.2). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpExchange } from './http-exchange.ts';
import { type RefusalStatus, refusalBody } from './refuse-connection.ts';

/** What Node's parser lets through and we do not; tests/wire/http/framing.test.ts shows what it refuses already. */
export function refusalOf(
  request: IncomingMessage,
  limits: { readonly maxHeaders: number },
): RefusalStatus | undefined {
  const { rawHeaders, headers } = request;
  if (request.httpVersionMajor !== 1) return 400;
  if (rawHeaders.length > 2 * limits.maxHeaders) return 431;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  // Node takes the first of two hosts, a proxy before us perhaps the last one.
  if (hosts > 1) return 400;
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  // The only coding we undo. Together with a length (which Node refuses as well) two readers could disagree about where the body ends.
  const isPlain = coding.toLowerCase() === 'chunked' && headers['content-length'] === undefined;
  return isPlain && request.httpVersionMinor === 1 ? undefined : 400;
}

/** Refuses a request, whether or not an edge works on it already; the connection is not to be trusted with another one. */
export function refuse(exchange: HttpExchange, status: RefusalStatus): void {
  exchange.cutOff = true;
  exchange.record.errorCode ??= status === 431 ? 'TooManyHeaders' : 'BadRequest';
  exchange.response.shouldKeepAlive = false;
  answerRefusal(exchange.response, status);
  const { request, response } = exchange;
  const { socket } = request;
  response.on('finish', () => socket.destroySoon());
  // Once its answer is finished Node forgets a request, and whoever still reads its body would wait for ever.
  socket.once('close', () => request.destroy());
}

function answerRefusal(response: ServerResponse, status: RefusalStatus): void {
  const body = refusalBody(status);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}
