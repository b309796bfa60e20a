/** Bytes out, bytes back, on a connection of its own: what a client library would never send can be sent. */
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** How many answers came on the connection; 100 Continue is none. */
  readonly answers: number;
  /** The body is as long as its Content-Length says. */
  readonly whole: boolean;
}

export interface RawRequest {
  readonly bytes: Buffer;
  /** Half-close the connection after the bytes, as a client that dies in its body does. */
  readonly cutShort?: boolean;
}

/**
 * Sends the bytes and reads until the server closes; `Connection: close` should be among them. Undefined when the server closed without
 * an answer. Rejects with `no end after …` when the connection stays open beyond the patience.
 */
export function rawExchange(origin: string, request: RawRequest, patienceMs: number): Promise<RawAnswer | undefined> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) });
    const impatience = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end after ${patienceMs} ms: ${request.bytes.subarray(0, 200).toString('latin1')}`));
    }, patienceMs);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A server that refuses a body closes while we still write.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(impatience);
      resolve(parseAnswers(Buffer.concat(chunks).toString('latin1')));
    });
    socket.write(request.bytes);
    if (request.cutShort) socket.end();
  });
}

function parseAnswers(text: string): RawAnswer | undefined {
  const answers: RawAnswer[] = [];
  for (let rest = text; rest.startsWith('HTTP/1.1 '); ) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) break;
    const [statusLine = '', ...lines] = rest.slice(0, headEnd).split('\r\n');
    const status = Number(statusLine.split(' ', 2)[1]);
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
      }),
    );
    rest = rest.slice(headEnd + 4);
    if (status === 100) continue;
    const length = status === 204 || status === 304 ? 0 : Number(headers.get('content-length') ?? rest.length);
    const isNext = rest.startsWith('HTTP/1.1 ');
    const body = isNext ? '' : rest.slice(0, length);
    answers.push({ status, headers, body, answers: 0, whole: isNext || body.length === length });
    rest = rest.slice(body.length);
  }
  const [first] = answers;
  return first && { ...first, answers: answers.length };
}
