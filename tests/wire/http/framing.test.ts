/** What is no proper HTTP/1.1 request, over real sockets: refused with 4xx, and nothing after it on the connection is answered. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readBody } from '../../../src/edges/http/read-body.ts';
import { answer, type StartedKernel, startKernel } from './start-kernel.ts';

let kernel: StartedKernel;
before(async () => {
  kernel = await startKernel(async (exchange) => {
    const body = await readBody(exchange, 1000);
    answer(exchange, 200, `${exchange.request.method} ${exchange.path} ${body.length}`);
  });
});
after(() => kernel.stop());

/** Whoever gets a second request past us has an answer to it. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const post = (headers: string, body: string) => `POST /v2/ HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n${body}${smuggled}`;
const get = (target: string, headers = 'Host: a') =>
  `GET ${target} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`;
const chunked = 'Transfer-Encoding: chunked';

const refused: Readonly<Record<string, readonly [request: string, status: number]>> = {
  'length, then coding': [post(`Content-Length: 5\r\n${chunked}`, '0\r\n\r\n'), 400],
  'coding, then length': [post(`${chunked}\r\nContent-Length: 5`, '0\r\n\r\n'), 400],
  'the same length twice': [post('Content-Length: 5\r\nContent-Length: 5', 'hello'), 400],
  'two lengths': [post('Content-Length: 5\r\nContent-Length: 6', 'hello'), 400],
  'a list of lengths': [post('Content-Length: 5, 5', 'hello'), 400],
  'a length with a sign': [post('Content-Length: +5', 'hello'), 400],
  'a negative length': [post('Content-Length: -5', 'hello'), 400],
  'a hexadecimal length': [post('Content-Length: 0x5', 'hello'), 400],
  'an empty length': [post('Content-Length: ', ''), 400],
  'a length beyond all numbers': [post('Content-Length: 99999999999999999999999', 'hello'), 400],
  'a coding that is not chunked': [post('Transfer-Encoding: gzip', 'hello'), 400],
  'a coding before chunked': [post('Transfer-Encoding: gzip, chunked', '0\r\n\r\n'), 400],
  'chunked twice': [post('Transfer-Encoding: chunked, chunked', '0\r\n\r\n'), 400],
  'nearly chunked': [post('Transfer-Encoding: xchunked', '0\r\n\r\n'), 400],
  'the identity coding': [post('Transfer-Encoding: identity', '0\r\n\r\n'), 400],
  'a blank before the colon': [post('Transfer-Encoding : chunked', '0\r\n\r\n'), 400],
  'a control character in the coding': [post('Transfer-Encoding: \x0bchunked', '0\r\n\r\n'), 400],
  'chunks in HTTP/1.0': [post(chunked, '0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0'), 400],
  'a chunk size with a line feed alone': [post(chunked, '5;a\nhello\r\n0\r\n\r\n'), 400],
  'a chunk size with a blank': [post(chunked, '5 \r\nhello\r\n0\r\n\r\n'), 400],
  'a chunk longer than its size': [post(chunked, '5\r\nhelloXX0\r\n\r\n'), 400],
  'a negative chunk size': [post(chunked, '-1\r\nhello\r\n0\r\n\r\n'), 400],
  'a chunk size that overflows': [post(chunked, 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n'), 400],
  'a header over two lines': [get('/', 'Host: a\r\nX: a\r\n b'), 400],
  'line feeds alone': [get('/').replaceAll('\r\n', '\n'), 400],
  'a carriage return in a header': [get('/', 'Host: a\rX: y'), 400],
  'NUL in a header': [get('/', 'Host: a\r\nX: a\0b'), 400],
  'a blank in the name of a header': [get('/', 'Host: a\r\nX y: a'), 400],
  'two hosts': [get('/', 'Host: a\r\nHost: b'), 400],
  'no host': [get('/', 'X: y'), 400],
  'another host in the target': [get('http://b/', 'Host: a'), 400],
  'a target without a slash': [get('*'), 400],
  'a fragment': [get('/v2/#x'), 400],
  'NUL in the target': [get('/v2/\0'), 400],
  'raw bytes above ASCII in the target': [get('/v2/\xe9'), 400],
  'no version': ['GET /v2/\r\n\r\n', 400],
  'HTTP/0.9': [get('/').replace('1.1', '0.9'), 400],
  'HTTP/1.2': [get('/').replace('1.1', '1.2'), 400],
  'HTTP/2 by prior knowledge': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  'an unknown method': [get('/').replace('GET', 'FOO'), 400],
  CONNECT: ['CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
  'a TLS greeting': ['\x16\x03\x01\x02\x00\x01', 400],
  'a target beyond the limit': [get(`/${'a'.repeat(20_000)}`), 431],
  'too many headers': [get('/', `Host: a\r\n${'A: b\r\n'.repeat(65)}C: d`), 431],
  'an unknown expectation': [post('Expect: bananas\r\nContent-Length: 5', 'hello'), 417],
};

describe('refused', () => {
  for (const [name, [request, status]] of Object.entries(refused)) {
    test(name, async () => {
      const answered = await kernel.send(Buffer.from(request, 'latin1'));
      assert.deepEqual(answered.match(/HTTP\/1\.1 \d+/g), [`HTTP/1.1 ${status}`]);
      assert.doesNotMatch(answered, /smuggled/);
    });
  }
});

describe('served', () => {
  const cases: Readonly<Record<string, readonly [request: string, answers: readonly string[]]>> = {
    'a request': [get('/v2/x?y'), ['GET /v2/x 0']],
    'the absolute form of the own host': [get('http://a/v2/x', 'Host: A'), ['GET /v2/x 0']],
    'an absolute form without a path': [get('http://a?x'), ['GET / 0']],
    'an escape that is none, left to the edge': [get('/v2/%zz'), ['GET /v2/%zz 0']],
    'a wish for another protocol, not granted': [get('/', 'Host: a\r\nUpgrade: h2c'), ['GET / 0']],
    'chunks, then another request': [post(chunked, '1\r\na\r\n0\r\n\r\n'), ['POST /v2/ 1', 'GET /smuggled 0']],
    'a length, then another request': [post('Content-Length: 5', 'hello'), ['POST /v2/ 5', 'GET /smuggled 0']],
    'trailers, dropped': [post(chunked, '1\r\na\r\n0\r\nHost: evil\r\n\r\n'), ['POST /v2/ 1', 'GET /smuggled 0']],
    'a request before garbage': ['GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n', ['GET /v2/ 0']],
  };
  for (const [name, [request, answers]] of Object.entries(cases)) {
    test(name, async () => {
      const answered = await kernel.send(request);
      assert.deepEqual(answered.match(/(?:GET|POST) \S+ \d+/g), answers);
    });
  }
});

test('none of it was a bug, and the server still answers', async () => {
  assert.match(await kernel.send(get('/')), /^HTTP\/1\.1 200/);
  assert.deepEqual(
    kernel.lines.filter(({ level }) => Number(level) >= 50),
    [],
  );
});
