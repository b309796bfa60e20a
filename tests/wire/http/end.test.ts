/** The end of the server, and what becomes of errors nobody foresaw. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { readBody } from '../../../src/edges/http/read-body.ts';
import { answer, answerOk, startKernel } from './start-kernel.ts';

const get = 'GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n';

test('a request in flight finishes, idle connections end, new ones are refused', async () => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const kernel = await startKernel(async (exchange) => {
    begun.resolve();
    await goOn.promise;
    answerOk(exchange);
  });
  const idle = connect(kernel.port, '127.0.0.1');
  await once(idle, 'connect');
  const idleEnded = text(idle);
  const answered = kernel.send(get);
  await begun.promise;
  const drained = kernel.kernel.drain({ delayMs: 0, timeoutMs: 60_000 });
  assert.equal(await idleEnded, '');
  const late = connect(kernel.port, '127.0.0.1');
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
  goOn.resolve();
  assert.match(await answered, /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n[\s\S]*fine$/i);
  assert.equal(await drained, 0);
});

test('while the end is delayed, every connection answers once more and is closed by its answer', async () => {
  const kernel = await startKernel(async (exchange) => {
    if (exchange.request.method === 'PUT') await readBody(exchange, 10);
    answerOk(exchange);
  });
  const idle = connect(kernel.port, '127.0.0.1');
  idle.write(get);
  const [first] = await once(idle, 'data');
  assert.match(String(first), /\r\nConnection: keep-alive\r\n/i);
  const drained = kernel.kernel.drain({ delayMs: 500, timeoutMs: 60_000 });
  const closes = /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n[\s\S]*fine$/i;
  const onTheOldOne = text(idle);
  idle.write(get);
  assert.match(await onTheOldOne, closes);
  assert.match(await kernel.send(get), closes);
  const asking = 'PUT /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n';
  const [proceed, answered] = (await kernel.send(asking, 'ok')).split(/(?<=Continue\r\n\r\n)/);
  assert.match(proceed ?? '', /^HTTP\/1\.1 100 /);
  assert.match(answered ?? '', closes);
  assert.equal(await drained, 0);
});

test('a connection whose first request is still on its way is waited for; so is one whose next request has begun', async () => {
  const kernel = await startKernel();
  const fresh = connect(kernel.port, '127.0.0.1');
  const begun = connect(kernel.port, '127.0.0.1');
  await Promise.all([once(fresh, 'connect'), once(begun, 'connect')]);
  begun.write(get);
  await once(begun, 'data');
  begun.write(get.slice(0, 10));
  while ((await kernel.kernel.connections()) < 2 || kernel.counts.all()[0] === undefined) await turn();
  const answers = [text(fresh), text(begun)];
  const drained = kernel.kernel.drain({ delayMs: 0, timeoutMs: 60_000 });
  for (let turns = 0; turns < 20; turns++) await turn();
  fresh.write(get);
  begun.write(get.slice(10));
  for (const answered of await Promise.all(answers)) assert.match(answered, /^HTTP\/1\.1 200 [\s\S]*fine$/);
  assert.equal(await drained, 0);
});

test('a connection whose last body came after the answer is idle all the same', { timeout: 30_000 }, async () => {
  const kernel = await startKernel();
  const client = connect(kernel.port, '127.0.0.1');
  const answered = once(client, 'data');
  client.write('PUT /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12');
  await answered;
  client.write('34');
  const closed = text(client);
  assert.equal(await kernel.kernel.drain({ delayMs: 0, timeoutMs: 60_000 }), 0);
  assert.match(await closed, /^$/);
});

test('a request that does not finish in time is cut off and counted', async () => {
  const begun = Promise.withResolvers<void>();
  const kernel = await startKernel(() => begun.resolve());
  const answered = kernel.send(get);
  await begun.promise;
  assert.equal(await kernel.kernel.drain({ delayMs: 0, timeoutMs: 10 }), 1);
  assert.equal(await answered, '');
});

test('an error nobody foresaw is answered by the edge, logged with the request id, and told to nobody else', async (t) => {
  const kernel = await startKernel(() => {
    throw new Error('secret detail');
  });
  t.after(() => kernel.stop());
  const answered = await kernel.send(get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  assert.match(answered, /^HTTP\/1\.1 500 [\s\S]*bug$/);
  assert.doesNotMatch(answered, /secret/);
  const [bug, access] = kernel.lines;
  assert.equal((bug as { err: { message: string } }).err.message, 'secret detail');
  assert.equal(bug?.requestId, access?.requestId);
});

test('an error after the answer has begun cuts the connection, so that nobody takes half for the whole', async (t) => {
  const kernel = await startKernel(async ({ response }) => {
    response.writeHead(200, { 'Content-Length': 10 });
    response.write('12345');
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error('broken');
  });
  t.after(() => kernel.stop());
  const answered = await kernel.send(get);
  assert.doesNotMatch(answered, /bug/);
  assert.equal(kernel.lines.at(-1)?.aborted, true);
});

test('requests are counted by edge, operation and status, with what they brought and took', async (t) => {
  const kernel = await startKernel((exchange) => {
    exchange.record.operation = exchange.path === '/v2/bad' ? 'Bad' : 'Good';
    answer(exchange, exchange.path === '/v2/bad' ? 400 : 200, 'x'.repeat(1000));
  });
  t.after(() => kernel.stop());
  await kernel.send(get, get, 'GET /v2/bad HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const counted = kernel.counts.all().map(({ edge, operation, status, latency, bytesIn, bytesOut }) => {
    assert.ok(bytesIn >= latency.count * 30 && bytesOut >= latency.count * 1000, `${bytesIn} in, ${bytesOut} out`);
    return [edge, operation, status, latency.count];
  });
  assert.deepEqual(counted, [
    ['test', 'Good', 200, 2],
    ['test', 'Bad', 400, 1],
  ]);
});

test('the access line says who did what and never shows query or headers', async (t) => {
  const kernel = await startKernel((exchange) => {
    exchange.record.caller = 'arn:aws:iam::000000000000:root';
    answerOk(exchange);
  });
  t.after(() => kernel.stop());
  const token = 'x'.repeat(100);
  await kernel.send(
    `GET /v2/downloads/${token}?X-Amz-Signature=topsecret HTTP/1.1\r\nHost: a\r\nAuthorization: Basic topsecret\r\nConnection: close\r\n\r\n`,
  );
  const [line] = kernel.lines;
  assert.deepEqual(
    [line?.edge, line?.operation, line?.method, line?.status, line?.caller, line?.remote, line?.msg],
    ['test', 'Test', 'GET', 200, 'arn:aws:iam::000000000000:root', '127.0.0.1', 'request'],
  );
  assert.doesNotMatch(JSON.stringify(kernel.lines), new RegExp(`topsecret|${token}`));
});
