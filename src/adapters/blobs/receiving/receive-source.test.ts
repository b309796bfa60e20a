import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { receiveSource } from './receive-source.ts';
import { createChunkRecycler } from './recycle-chunks.ts';

/** Serves one request with `handle` and answers its result as JSON. */
async function serveOnce(handle: (body: IncomingMessage) => Promise<unknown>, send: (port: number) => Promise<void>) {
  const server = createServer({ highWaterMark: 1024 * 1024 });
  const result = once(server, 'request').then(async ([body, response]) => {
    const answer = await handle(body).catch((error: Error) => `rejected: ${error.message}`);
    response.end();
    return answer;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await send((server.address() as AddressInfo).port);
  const answer = await result;
  server.closeAllConnections();
  server.close();
  return answer;
}

test('memory given back early is never that of a chunk somebody still reads', async () => {
  const bytes = randomBytes(8 * 1024 * 1024);
  const both = await serveOnce(
    async (body) => {
      const ours = createHash('sha256');
      const other = createHash('sha256');
      // The access log or a metric may listen, too: before us and behind us.
      body.on('data', (chunk) => other.update(chunk));
      let turn = 0;
      const recycle = createChunkRecycler(body);
      const outcome = receiveSource(body, (chunk) => {
        if (turn++ % 3 > 0) {
          ours.update(chunk);
          recycle(chunk);
          return undefined;
        }
        return new Promise<void>((resolve) =>
          setImmediate(() => {
            ours.update(chunk);
            recycle(chunk);
            resolve();
          }),
        );
      });
      const behind = createHash('sha256');
      body.on('data', (chunk) => behind.update(chunk));
      assert.equal(await outcome, 'ended');
      return [ours, other, behind].map((hash) => hash.digest('hex'));
    },
    async (port) => {
      const out = request({ port, host: '127.0.0.1', method: 'PUT' });
      out.end(bytes);
      const [response] = await once(out, 'response');
      response.resume();
      await once(response, 'close');
    },
  );
  const expected = createHash('sha256').update(bytes).digest('hex');
  assert.deepEqual(both, [expected, expected, expected]);
});

test('chunks that are kept stay as they are', async () => {
  const bytes = randomBytes(4 * 1024 * 1024);
  const kept: Uint8Array[] = [];
  await serveOnce(
    (body) =>
      receiveSource(body, (chunk) => {
        kept.push(chunk);
        return undefined;
      }),
    async (port) => {
      const out = request({ port, host: '127.0.0.1', method: 'PUT' });
      out.end(bytes);
      const [response] = await once(out, 'response');
      response.resume();
      await once(response, 'close');
    },
  );
  assert(Buffer.concat(kept).equals(bytes));
});

test('a body cut short is broken, with all that came', async () => {
  let came = 0;
  const outcome = await serveOnce(
    (body) =>
      receiveSource(body, (chunk) => {
        came += chunk.length;
        return undefined;
      }),
    async (port) => {
      const socket = connect(port, '127.0.0.1');
      socket.end(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(70_000)}`);
      await once(socket.resume(), 'close');
    },
  );
  assert.equal(outcome, 'broken');
  assert.equal(came, 70_000);
});

test('a source that is over already, or broke already', async () => {
  const over = Readable.from([Buffer.from('x')]).resume();
  await once(over, 'end');
  assert.equal(await receiveSource(over, () => undefined), 'ended');
  const broken = new Readable({ read() {} });
  broken.destroy();
  assert.equal(await receiveSource(broken, () => undefined), 'broken');
});

test('what taking a chunk throws, at once or later, ends the receiving; a late error of the source is met', async () => {
  for (const take of [
    () => {
      throw new Error('full');
    },
    () => Promise.reject(new Error('full')),
  ]) {
    const source = new Readable({ read() {} });
    source.push(Buffer.from('one'));
    await assert.rejects(receiveSource(source, take), /full/);
    source.destroy(new Error('late'));
    await new Promise((resolve) => source.once('close', resolve));
  }
});
