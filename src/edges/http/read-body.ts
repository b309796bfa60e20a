/** Reads a small body whole. Large ones (layers) go to the blob store as a stream instead. */
import type { Exchange } from './exchange.ts';

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
  readonly limit: number;
  constructor(limit: number) {
    super(`The body is larger than ${limit} bytes.`);
    this.limit = limit;
  }
}

/** The client went away, or sent fewer bytes than it said. There is nobody left to answer. */
export class BodyCutShort extends Error {
  override readonly name = 'BodyCutShort';
}

/** Rejects with BodyTooLarge (before anything is read when the client says the length) or BodyCutShort. */
export function readBody(exchange: Exchange, limit: number): Promise<Buffer> {
  const { request } = exchange;
  const announced = request.headers['content-length'];
  if (announced !== undefined && Number(announced) > limit) return Promise.reject(new BodyTooLarge(limit));
  exchange.acceptBody();

  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let length = 0;
    const settle = () => {
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('error', onCut);
      request.off('close', onCut);
    };
    const onData = (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        settle();
        // What still comes is dropped, or the connection closed, by the kernel once the refusal is sent.
        request.pause();
        reject(new BodyTooLarge(limit));
      } else if (first === undefined) {
        first = chunk;
      } else {
        more ??= [first];
        more.push(chunk);
      }
    };
    const onEnd = () => {
      settle();
      resolve(more !== undefined ? Buffer.concat(more, length) : (first ?? Buffer.alloc(0)));
    };
    const onCut = () => {
      settle();
      reject(new BodyCutShort('The body ended before its length was reached.'));
    };
    if (request.destroyed && !request.readableEnded) return onCut();
    request.on('data', onData);
    request.on('end', onEnd);
    request.on('error', onCut);
    request.on('close', onCut);
  });
}
