/** What a connection's end at the worst moment does to the pool, shown by a server that does nothing else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { openConnectionPool } from './connection-pool.ts';

/** One message of the protocol: https://www.postgresql.org/docs/current/protocol-message-formats.html */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const authenticationOk = message('R', Buffer.alloc(4));
const readyForQuery = message('Z', Buffer.from('I'));
const terminated = message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0'));

test('a connection that is ended in the packet that says that it is ready fails its user and nobody else', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([authenticationOk, readyForQuery, terminated])));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const pool = openConnectionPool({ config: { host: '127.0.0.1', port, user: 'u' }, size: 1, waitMs: 5_000 });
  t.after(() => pool.end());
  // An error that nobody hears would fail this test by itself, and end a node.
  for (let time = 0; time < 2; time += 1) {
    await assert.rejects(pool.with('read', ({ client }) => client.query('select 1')));
  }
  assert.equal(pool.figures.waiting, 0);
});
