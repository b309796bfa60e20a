/** The kernel's own Exchange: one per request, made on the hot path, so it does as little as it can. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessRecord, Exchange } from './exchange.ts';

// A class only because thousands a second are made and methods on a prototype cost nothing to make.
export class HttpExchange implements Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string = randomUUID();
  readonly path: string;
  readonly query: string;
  readonly record: AccessRecord = {
    edge: 'http',
    operation: 'unknown',
    caller: undefined,
    action: undefined,
    resource: undefined,
    errorCode: undefined,
    bytesIn: 0,
    bytesOut: 0,
  };
  readonly startedAt: number = performance.now();
  /** The client waits for `100 Continue` before it sends its body. */
  continueOwed: boolean;
  /** What the connection had received and sent in all when this request began to be worked on. */
  readonly readBefore: number;
  readonly writtenBefore: number;
  /** The kernel has refused the request although an edge may be working on it: what the edge runs into now is no bug. */
  cutOff = false;
  /** Progress of a slow client, kept by slow-clients.ts. */
  progressMark = 0;
  progressMarkAt = 0;
  #keepAlive: boolean;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    target: string,
    continueOwed: boolean,
    before: { read: number; written: number },
  ) {
    this.request = request;
    this.response = response;
    const mark = target.indexOf('?');
    this.path = mark === -1 ? target : target.slice(0, mark);
    this.query = mark === -1 ? '' : target.slice(mark + 1);
    this.continueOwed = continueOwed;
    this.readBefore = before.read;
    this.writtenBefore = before.written;
    this.#keepAlive = response.shouldKeepAlive;
    // A client that is refused before it sent its body may or may not send it afterwards (RFC 9110, 10.1.1): only a new
    // connection is sure to begin with a request.
    if (continueOwed) response.shouldKeepAlive = false;
  }

  /** The connection is to end with this answer; too late once its head is sent. */
  closeAfterwards(): void {
    this.#keepAlive = false;
    if (!this.response.headersSent) this.response.shouldKeepAlive = false;
  }

  acceptBody(): void {
    if (!this.continueOwed) return;
    this.continueOwed = false;
    this.response.shouldKeepAlive = this.#keepAlive;
    this.response.writeContinue();
  }
}
