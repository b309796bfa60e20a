/**
 * Where log lines go: collected in blocks of bytes and written one block at a time, so that no request waits for the log. A reader
 * that stops reading costs lines (and is told how many), never memory without end and never a request.
 *
 * A line becomes bytes at once. Kept as a string until its block is full, every line of the last tens of milliseconds is alive (in a
 * dozen pieces, as V8 builds strings) at each collection: under manifest pulls the process held some 50 MB more (170 against 120).
 */
import { type NoParamCallback, write, writeSync } from 'node:fs';

export interface LogOutput {
  /** `line` ends with a newline. */
  write(line: string): void;
  /** Writes what is left, now; for the end of the process. */
  flushSync(): void;
}

const USUAL_BLOCK = 64 * 1024;
/** What POSIX lets a pipe take in one piece, whoever else writes to it. */
export const PIPE_BLOCK = 4096;
const FLUSH_MS = 100;
const MOST_WAITING = 8 * 2 ** 20;
/** What a character of a string (a UTF-16 unit) may take at most in UTF-8. */
const BYTES_A_CHARACTER = 3;

/** No piece longer than `blockSize` is written, but for a single line that is longer. */
export function openLogOutput(fd: number, blockSize = USUAL_BLOCK): LogOutput {
  /** Blocks that are full, oldest first. */
  let full: Buffer<ArrayBuffer>[] = [];
  let fullBytes = 0;
  let current = Buffer.allocUnsafeSlow(blockSize);
  let filled = 0;
  let lost = 0;
  let spare: Buffer<ArrayBuffer> | undefined;
  let underWay: Buffer<ArrayBuffer> | undefined;
  let timer: NodeJS.Timeout | undefined;

  function seal(): void {
    if (filled === 0) return;
    full.push(current.subarray(0, filled));
    fullBytes += filled;
    current = spare ?? Buffer.allocUnsafeSlow(blockSize);
    spare = undefined;
    filled = 0;
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (underWay !== undefined) return;
    if (full.length === 0) seal();
    const block = full.shift();
    if (block === undefined) return;
    fullBytes -= block.length;
    writeOut(block, block);
  }

  function writeOut(rest: Buffer<ArrayBuffer>, block: Buffer<ArrayBuffer>): void {
    underWay = rest;
    const done: (error: NodeJS.ErrnoException | null, written: number) => void = (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(writeOut, FLUSH_MS, rest, block);
        return;
      }
      if (error === null && written < rest.length) return writeOut(rest.subarray(written), block);
      // An error means that nobody will ever read it (EPIPE): serving goes on.
      underWay = undefined;
      if (block.buffer.byteLength === blockSize) spare = Buffer.from(block.buffer);
      if (full.length > 0) flush();
      else if (filled > 0) timer ??= setTimeout(flush, FLUSH_MS).unref();
    };
    write(fd, rest, 0, rest.length, null, done as NoParamCallback & typeof done);
  }

  function append(line: string): void {
    if (line.length * BYTES_A_CHARACTER > blockSize) {
      seal();
      // Not from Node's pool, whose memory others use: what is written out may be filled again.
      const own = Buffer.allocUnsafeSlow(Buffer.byteLength(line));
      own.write(line);
      full.push(own);
      fullBytes += own.length;
      return;
    }
    if (filled + line.length * BYTES_A_CHARACTER > blockSize) seal();
    filled += current.write(line, filled);
  }

  function tellOfLost(): void {
    if (lost === 0) return;
    const lines = lost;
    lost = 0;
    append(
      `{"level":40,"time":${Date.now()},"lines":${lines},"msg":"log lines were lost because nobody read them in time"}\n`,
    );
  }

  function flushSync(): void {
    clearTimeout(timer);
    timer = undefined;
    tellOfLost();
    seal();
    // What is under way may come twice; at the end of a process that is better than not at all.
    const blocks = underWay === undefined ? full : [underWay, ...full];
    full = [];
    fullBytes = 0;
    for (let block of blocks) {
      try {
        while (block.length > 0) block = block.subarray(writeSync(fd, block));
      } catch {
        return;
      }
    }
  }

  return {
    write(line) {
      if (fullBytes + filled + line.length > MOST_WAITING) {
        lost++;
        return;
      }
      tellOfLost();
      append(line);
      if (underWay !== undefined) return;
      if (full.length > 0) flush();
      else timer ??= setTimeout(flush, FLUSH_MS).unref();
    },
    flushSync,
  };
}
