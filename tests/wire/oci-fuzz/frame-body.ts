/** How a message says where its body ends: rightly most of the time, else in the ways that tell two readers apart. */
import type { Random } from '../../black-box/random.ts';

export interface Framed {
  readonly lines: string;
  readonly body: Buffer;
  readonly isHttp: boolean;
  readonly cutShort: boolean;
}

/** May set headers that go with the frame. */
export function frameBody(random: Random, headers: Map<string, string>, body: Buffer | undefined): Framed {
  const right = { isHttp: true, cutShort: false };
  if (body === undefined)
    return { ...right, lines: random.chance(0.5) ? '' : 'Content-Length: 0\r\n', body: Buffer.alloc(0) };
  if (random.chance(0.1)) headers.set('Expect', random.pick(['100-continue', '100-Continue', '200-maybe']));
  const expects = headers.get('Expect') !== '200-maybe';
  const chunked = Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
  const asChunks = body.length === 0 ? Buffer.from('0\r\n\r\n') : chunked;
  const smuggled = Buffer.from('GET /v2/ HTTP/1.1\r\nHost: smuggled\r\n\r\n');
  switch (random.between(0, 19)) {
    case 0:
      return { lines: `Content-Length: ${body.length + 50}\r\n`, body, isHttp: false, cutShort: true };
    case 1:
      return {
        lines: `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`,
        body: Buffer.concat([asChunks, smuggled]),
        isHttp: false,
        cutShort: true,
      };
    case 2:
      return {
        lines: `Content-Length: ${body.length}\r\nContent-Length: ${body.length + 1}\r\n`,
        body,
        isHttp: false,
        cutShort: true,
      };
    case 3:
      return {
        lines: `Transfer-Encoding: ${random.pick(['xchunked', 'gzip, chunked', 'chunked, identity', ' chunked'])}\r\n`,
        body: asChunks,
        isHttp: false,
        cutShort: true,
      };
    case 4:
      return {
        lines: `Content-Length: ${random.pick(['-1', 'x', '1e3', '0x10', '18446744073709551616', '+5'])}\r\n`,
        body,
        isHttp: false,
        cutShort: true,
      };
    case 5:
      return {
        lines: 'Transfer-Encoding: chunked\r\n',
        body: Buffer.from('zz\r\nxx\r\n'),
        isHttp: false,
        cutShort: true,
      };
    case 6:
      return {
        lines: 'Transfer-Encoding: chunked\r\n',
        body: Buffer.concat([Buffer.from('5\r\n'), body.subarray(0, 3)]),
        isHttp: false,
        cutShort: true,
      };
    case 7:
    case 8:
    case 9:
      return { ...right, isHttp: expects, lines: 'Transfer-Encoding: chunked\r\n', body: asChunks };
    default:
      return { ...right, isHttp: expects, lines: `Content-Length: ${body.length}\r\n`, body };
  }
}
