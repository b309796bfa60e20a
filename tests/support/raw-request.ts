/** One HTTP request with nothing hidden: no redirects followed, no errors thrown for a status, no path rewritten. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Sends `path` exactly as given; over https any certificate will do. Throws only when the connection breaks before the answer is whole. */
export function rawRequest(origin: string, method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
  const { protocol, hostname, port } = new URL(origin);
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  const target = { hostname, port, method, path, headers: options.headers ?? {}, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const request = send(target, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on('error', reject);
    request.end(options.body);
  });
}

/** The body as JSON; an assertion with the text itself when it is none. */
export function jsonOf(reply: Reply): unknown {
  const text = reply.body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`answer ${reply.status} is not JSON: ${text.slice(0, 500)}`);
  }
}
