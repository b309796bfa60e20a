/** One request and its answer, as the kernel hands it to an edge. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** UUID; sent back as `x-amzn-RequestId` by the AWS edges and as `X-Request-Id` by the others, and in the log. */
  readonly requestId: string;
  /** The raw path, not decoded, without the query. Always begins with a slash. */
  readonly path: string;
  /** The raw query without its question mark; empty when there is none. */
  readonly query: string;
  /** What the access log and the metrics say of this request; the edge fills it in as it finds out. */
  readonly record: AccessRecord;
  /**
   * Must be called before the body is read: answers `Expect: 100-continue`. Until then a client that asks has sent nothing,
   * so that a refusal costs it no upload.
   */
  acceptBody(): void;
}

export interface AccessRecord {
  /** Edge and operation name the request in metrics, so both come from fixed sets: never client text. */
  edge: string;
  operation: string;
  /** ARN of the caller, once authenticated. */
  caller: string | undefined;
  /** IAM action that was asked for. */
  action: string | undefined;
  resource: string | undefined;
  /** Code of the error answered, in the protocol's words. */
  errorCode: string | undefined;
  bytesIn: number;
  bytesOut: number;
}

/** A protocol. `handle` answers the exchange wholly and turns every Fault into the protocol's error document itself. */
export interface Edge {
  readonly name: string;
  handle(exchange: Exchange): void | Promise<void>;
  /** Answers 500 in the protocol's shape, after `handle` threw something unforeseen (already logged by the kernel), when nothing was sent yet. */
  answerBug(exchange: Exchange): void;
}
