/**
 * One keep-alive HTTP/1.1 connection with as little work per byte as Node allows: bodies are counted and dropped in place. The
 * load must cost less than the server it measures.
 */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Bytes of the body. */
  readonly length: number;
  /** The head as it came. */
  readonly head: string;
}

export interface RawConnection {
  /** Sends one request and reads its answer. `pieces` are written one after another, as fast as the server takes them. */
  exchange(head: string, pieces?: Iterable<Uint8Array>): Promise<RawAnswer>;
  close(): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');

export async function openRawConnection(port: number): Promise<RawConnection> {
  let waiting: { resolve: (answer: RawAnswer) => void; reject: (error: Error) => void } | undefined;
  let reader: AnswerReader | undefined;
  let socket = await open();

  async function open(): Promise<Socket> {
    const opened: Socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(512 << 10),
        callback: (length, buffer) => {
          settle(reader?.take((buffer as Buffer).subarray(0, length)));
          return true;
        },
      },
    });
    await new Promise<void>((resolve, reject) => opened.once('connect', resolve).once('error', reject));
    opened.on('error', fail);
    opened.on('close', () => {
      settle(reader?.closed());
      fail(new Error('the server closed the connection'));
    });
    return opened;
  }

  function settle(answer: RawAnswer | undefined): void {
    if (answer === undefined) return;
    waiting?.resolve(answer);
    waiting = undefined;
    reader = undefined;
    // Some servers (moto's) make a new connection necessary for each request.
    if (/^connection: *close/im.test(answer.head)) socket.destroy();
  }

  function fail(error: Error): void {
    waiting?.reject(error);
    waiting = undefined;
  }

  return {
    async exchange(head, pieces) {
      if (socket.destroyed) socket = await open();
      reader = createAnswerReader(head.startsWith('HEAD '));
      const answered = new Promise<RawAnswer>((resolve, reject) => {
        waiting = { resolve, reject };
      });
      // The answer may come, or the connection go, while we still write.
      answered.catch(() => undefined);
      socket.write(head, 'latin1');
      for (const piece of pieces ?? []) {
        if (!socket.write(piece) && waiting !== undefined) await drained(socket);
        if (waiting === undefined) break;
      }
      return answered;
    },
    close: () => socket.destroy(),
  };
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.removeListener('drain', done).removeListener('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

interface AnswerReader {
  /** Answers the whole once its last byte is there. */
  take(bytes: Buffer): RawAnswer | undefined;
  /** The connection has ended: answers the whole when that is what the answer's end is told by. */
  closed(): RawAnswer | undefined;
}

function createAnswerReader(bodiless: boolean): AnswerReader {
  let early: Buffer = Buffer.alloc(0);
  let head: string | undefined;
  let body: BodyReader | undefined;
  return {
    take(bytes) {
      let rest = bytes;
      if (head === undefined) {
        early = early.length === 0 ? bytes : Buffer.concat([early, bytes]);
        const end = early.indexOf(HEAD_END);
        if (end === -1) {
          early = Buffer.from(early);
          return undefined;
        }
        head = early.toString('latin1', 0, end + 2);
        rest = early.subarray(end + HEAD_END.length);
        body = createBodyReader(head, bodiless);
      }
      return body!.take(rest) ? whole() : undefined;
    },
    closed: () => (body?.endsWithConnection === true ? whole() : undefined),
  };

  function whole(): RawAnswer {
    return { status: Number(head!.slice(9, 12)), length: body!.length(), head: head! };
  }
}

interface BodyReader {
  /** Answers whether that was the last byte. */
  take(bytes: Buffer): boolean;
  length(): number;
  readonly endsWithConnection: boolean;
}

function createBodyReader(head: string, bodiless: boolean): BodyReader {
  let length = 0;
  if (/^transfer-encoding: *chunked/im.test(head) && !bodiless) {
    // Only small answers are chunked: looking for the last chunk in their tail is enough.
    let tail = '';
    return {
      take(bytes: Buffer) {
        length += bytes.length;
        tail = (tail + bytes.toString('latin1', Math.max(0, bytes.length - 7))).slice(-7);
        return tail.endsWith('0\r\n\r\n') && (tail.length === 5 || tail.startsWith('\r\n'));
      },
      endsWithConnection: false,
      length: () => length,
    };
  }
  const said = readHeader(head, 'content-length');
  const endsWithConnection = said === undefined && !bodiless && !/ (1..|204|304) /.test(head.slice(8, 13));
  const size = bodiless ? 0 : Number(said ?? (endsWithConnection ? Number.POSITIVE_INFINITY : 0));
  return {
    take(bytes: Buffer) {
      length += bytes.length;
      // More than it said: not what we asked for, and the caller sees it by the length.
      return length >= size;
    },
    endsWithConnection,
    length: () => length,
  };
}

/** The value of a header in a raw head. */
export function readHeader(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?)\\r$`, 'im').exec(head)?.[1];
}
