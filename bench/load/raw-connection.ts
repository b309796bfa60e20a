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
  let bodiless = false;
  let answer: AnswerReader | undefined;
  const fail = (error: Error) => {
    waiting?.reject(error);
    waiting = undefined;
  };
  const onBytes = (bytes: Buffer) => {
    answer ??= createAnswerReader(bodiless);
    const done = answer.take(bytes);
    if (done === undefined) return;
    answer = undefined;
    const { resolve } = waiting!;
    waiting = undefined;
    resolve(done);
  };
  const socket: Socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafe(512 << 10),
      callback: (length, buffer) => {
        try {
          onBytes((buffer as Buffer).subarray(0, length));
        } catch (error) {
          socket.destroy(error as Error);
        }
        return true;
      },
    },
  });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  return {
    async exchange(head, pieces) {
      bodiless = head.startsWith('HEAD ');
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
}

function createAnswerReader(bodiless: boolean): AnswerReader {
  let early = Buffer.alloc(0);
  let head: string | undefined;
  let body: { take(bytes: Buffer): boolean; length(): number } | undefined;
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
        head = early.latin1Slice(0, end + 2);
        rest = early.subarray(end + HEAD_END.length);
        body = createBodyReader(head, bodiless);
      }
      if (!body!.take(rest)) return undefined;
      return { status: Number(head.slice(9, 12)), length: body!.length(), head };
    },
  };
}

function createBodyReader(head: string, bodiless: boolean) {
  let length = 0;
  if (/^transfer-encoding: *chunked/im.test(head) && !bodiless) {
    // Only small answers are chunked: looking for the last chunk in their tail is enough.
    let tail = '';
    return {
      take(bytes: Buffer) {
        length += bytes.length;
        tail = (tail + bytes.latin1Slice(Math.max(0, bytes.length - 7))).slice(-7);
        return tail.endsWith('0\r\n\r\n') && (tail.length === 5 || tail.startsWith('\r\n'));
      },
      length: () => length,
    };
  }
  const size = bodiless ? 0 : Number(readHeader(head, 'content-length') ?? 0);
  return {
    take(bytes: Buffer) {
      length += bytes.length;
      if (length > size) throw new Error('the server sent more than it said');
      return length === size;
    },
    length: () => length,
  };
}

/** The value of a header in a raw head. */
export function readHeader(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?)\\r$`, 'im').exec(head)?.[1];
}
