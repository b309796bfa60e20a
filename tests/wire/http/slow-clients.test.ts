/** Clients that hold a request open without moving are cut off; slow ones that move, and a slow server, are not. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBody } from '../../../src/edges/http/read-body.ts';
import { answer, startKernel } from './start-kernel.ts';

const limits = { stallTimeout: 400, minRate: 0 };

test('a body that stops coming is answered with 408', async (t) => {
  const kernel = await startKernel((exchange) => readBody(exchange, 100).then(() => answer(exchange, 200, '')), {
    limits,
  });
  t.after(() => kernel.stop());
  const answered = await kernel.send('PUT /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123');
  assert.match(answered, /^HTTP\/1\.1 408 /);
  assert.equal(kernel.lines.at(-1)?.error, 'ClientTooSlow');
});

test('an answer that nobody takes is cut off', async (t) => {
  const gone = Promise.withResolvers<void>();
  const kernel = await startKernel(
    ({ response }) => {
      response.on('close', gone.resolve);
      response.writeHead(200, { 'Content-Length': 2 ** 30 });
      response.write(Buffer.alloc(64 * 2 ** 20));
    },
    { limits },
  );
  t.after(() => kernel.stop());
  const socket = connect(kernel.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n');
  await gone.promise;
});

test('a body that keeps coming may take many times the limit', async (t) => {
  const kernel = await startKernel(
    (exchange) => readBody(exchange, 100).then((body) => answer(exchange, 200, String(body))),
    { limits },
  );
  t.after(() => kernel.stop());
  const socket = connect(kernel.port, '127.0.0.1');
  socket.write('PUT /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nConnection: close\r\n\r\n');
  const answered = once(socket, 'data');
  for (const letter of '0123456789') {
    await sleep(limits.stallTimeout / 4);
    socket.write(letter);
  }
  assert.match(String((await answered)[0]), /^HTTP\/1\.1 200 [\s\S]*0123456789$/);
  socket.destroy();
});

test('a client is not blamed for the time the server takes', async (t) => {
  const kernel = await startKernel(
    async (exchange) => {
      await readBody(exchange, 100);
      await sleep(limits.stallTimeout * 3);
      answer(exchange, 200, 'late');
    },
    { limits },
  );
  t.after(() => kernel.stop());
  assert.match(
    await kernel.send('PUT /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx'),
    /late$/,
  );
});

test('a head that stops coming is answered with 408', async (t) => {
  const kernel = await startKernel(undefined, { limits: { headersTimeout: 300 } });
  t.after(() => kernel.stop());
  assert.match(await kernel.send('GET / HTTP/1.1\r\nHost:'), /^HTTP\/1\.1 408 /);
});
