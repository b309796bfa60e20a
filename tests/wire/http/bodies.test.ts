/** How bodies are asked for, limited, dropped and cut short. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { BodyCutShort, BodyTooLarge, readBody } from '../../../src/edges/http/read-body.ts';
import { answer, type StartedKernel, startKernel } from './start-kernel.ts';

async function started(t: TestContext, ...args: Parameters<typeof startKernel>): Promise<StartedKernel> {
  const kernel = await startKernel(...args);
  t.after(() => kernel.stop());
  return kernel;
}

const head = (...headers: string[]) => `PUT /v2/x HTTP/1.1\r\nHost: a\r\n${headers.join('\r\n')}\r\n\r\n`;

test('100 Continue comes when the edge takes the body, and before the body is sent', async (t) => {
  const kernel = await started(t, async (exchange) => {
    const body = await readBody(exchange, 100);
    answer(exchange, 201, body.toString());
  });
  const socket = connect(kernel.port, '127.0.0.1');
  socket.write(head('Expect: 100-continue', 'Content-Length: 5', 'Connection: close'));
  const [first] = await once(socket, 'data');
  assert.equal(String(first), 'HTTP/1.1 100 Continue\r\n\r\n');
  socket.write('hello');
  const [second] = await once(socket, 'data');
  assert.match(String(second), /^HTTP\/1\.1 201 [\s\S]*hello$/);
  socket.destroy();
});

test('who is refused before the body gets no 100, and the connection ends with the answer', async (t) => {
  const kernel = await started(t, (exchange) => answer(exchange, 401, 'no'));
  const answered = await kernel.send(head('Expect: 100-continue', 'Content-Length: 5000000000'));
  assert.match(answered, /^HTTP\/1\.1 401 /);
  assert.match(answered, /\r\nConnection: close\r\n/i);
});

test('a body within the limit is read whole, in however many pieces it comes', async (t) => {
  const kernel = await started(t, async (exchange) => answer(exchange, 200, String(await readBody(exchange, 10))));
  const answered = await kernel.send(
    head('Transfer-Encoding: chunked', 'Connection: close'),
    '5\r\nhello\r\n',
    '5\r\nworld\r\n0\r\n\r\n',
  );
  assert.match(answered, /helloworld$/);
});

for (const [name, pieces] of Object.entries({
  'a length': [head('Content-Length: 11', 'Connection: close'), 'hello world'],
  chunks: [head('Transfer-Encoding: chunked', 'Connection: close'), 'b\r\nhello world\r\n0\r\n\r\n'],
})) {
  test(`a body over the limit is refused (${name})`, async (t) => {
    const kernel = await started(t, async (exchange) => {
      const error = await readBody(exchange, 10).catch((problem: unknown) => problem);
      answer(exchange, 413, error instanceof BodyTooLarge ? `more than ${error.limit}` : String(error));
    });
    assert.match(await kernel.send(...pieces), /^HTTP\/1\.1 413 [\s\S]*more than 10$/);
  });
}

test('a body cut short is told to who reads it and is no bug', async (t) => {
  const told = Promise.withResolvers<unknown>();
  const kernel = await started(t, async (exchange) => {
    await readBody(exchange, 100).catch((error: unknown) => {
      told.resolve(error);
      throw error;
    });
  });
  const socket = connect(kernel.port, '127.0.0.1');
  socket.write(`${head('Content-Length: 10')}12345`);
  await once(socket, 'connect');
  socket.end();
  assert.ok((await told.promise) instanceof BodyCutShort);
  await kernel.stop();
  assert.deepEqual(
    kernel.lines.filter(({ level }) => Number(level) >= 50),
    [],
  );
});

test('a short body that nobody reads leaves the connection usable', async (t) => {
  const kernel = await started(t, (exchange) => answer(exchange, 404, 'nobody'));
  const answered = await kernel.send(
    head('Content-Length: 5'),
    `hello${head('Content-Length: 0', 'Connection: close')}`,
  );
  assert.equal(answered.match(/HTTP\/1\.1 404/g)?.length, 2);
});

test('of a long body that nobody reads only a little is taken, and the answer still arrives', async (t) => {
  const kernel = await started(t, (exchange) => answer(exchange, 401, 'no'));
  const socket = connect(kernel.port, '127.0.0.1');
  let answered = '';
  let sent = 0;
  socket.on('data', (chunk) => {
    answered += chunk;
  });
  const closed = new Promise((resolve) => socket.on('close', resolve).on('error', resolve));
  socket.write(head('Content-Length: 10000000000'));
  const block = Buffer.alloc(2 ** 16);
  const more = () => {
    while (!socket.destroyed && socket.write(block)) sent += block.length;
    if (!socket.destroyed) socket.once('drain', more);
  };
  more();
  await closed;
  assert.match(answered, /^HTTP\/1\.1 401 /);
  assert.ok(sent < 2 ** 30, `${sent} bytes were taken`);
});
