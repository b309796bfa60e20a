/** What the kernel knows of the connections of its clients, and which of them may be closed without cutting a request off. */
import type { Socket } from 'node:net';
import type { HttpExchange } from './http-exchange.ts';

/** One object for all requests of a connection, found by one look-up. */
export interface Connection {
  /** Bytes it carried before the request that is now worked on. */
  read: number;
  written: number;
  /** The requests it is busy with: one, unless the client sends several without waiting for answers. */
  readonly busyWith: HttpExchange[];
  readonly openedAt: number;
}

const known = Symbol('connection');
export type ClientSocket = Socket & { [known]?: Connection };

export interface Connections {
  add(socket: Socket): void;
  of(socket: Socket): Connection;
  /** Closes those that wait for a next request and have not begun to send it. */
  closeIdle(): void;
}

/** Whoever connects sends the first request at once; before that, it would be cut off on its way. */
const FIRST_REQUEST_MS = 1000;

export function createConnections(): Connections {
  const open = new Set<ClientSocket>();
  return {
    add(socket: ClientSocket) {
      open.add(socket);
      socket[known] = newConnection();
      socket.once('close', () => open.delete(socket));
    },
    of(socket: ClientSocket) {
      socket[known] ??= newConnection();
      return socket[known];
    },
    closeIdle() {
      const now = performance.now();
      for (const socket of open) if (isIdle(socket, now)) socket.destroy();
    },
  };
}

function newConnection(): Connection {
  return { read: 0, written: 0, busyWith: [], openedAt: performance.now() };
}

function isIdle(socket: ClientSocket, now: number): boolean {
  const { busyWith, read, openedAt } = socket[known] as Connection;
  // What came after the last request is the head of the next one.
  if (busyWith.length > 0 || socket.bytesRead > read) return false;
  return read > 0 || now - openedAt > FIRST_REQUEST_MS;
}
