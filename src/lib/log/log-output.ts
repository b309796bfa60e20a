/**
 * Where log lines go: collected and written in blocks, one write under way at a time, so that no request waits for the log. A
 * reader that stops reading costs lines (and is told how many), never memory without end and never a request.
 */
import { type NoParamCallback, write, writeSync } from 'node:fs';

export interface LogOutput {
  /** `line` ends with a newline. */
  write(line: string): void;
  /** Writes what is left, now; for the end of the process. */
  flushSync(): void;
  close(): void;
}

/** With 64 KiB, handing blocks to the thread pool was 3 % of the profile of manifest pulls. */
const BLOCK = 256 * 1024;
const FLUSH_MS = 100;
const MOST_WAITING = 8 * 2 ** 20;

export function openLogOutput(fd: number): LogOutput {
  let waiting: string[] = [];
  let waitingLength = 0;
  let lost = 0;
  let underWay: Buffer | undefined;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (underWay !== undefined || waitingLength === 0) return;
    writeOut(takeWaiting());
  }

  function takeWaiting(): Buffer {
    if (lost > 0)
      waiting.push(
        `{"level":40,"time":${Date.now()},"lines":${lost},"msg":"log lines were lost because nobody read them in time"}\n`,
      );
    const block = Buffer.from(waiting.join(''));
    waiting = [];
    waitingLength = 0;
    lost = 0;
    return block;
  }

  function writeOut(block: Buffer): void {
    underWay = block;
    const done: (error: NodeJS.ErrnoException | null, written: number) => void = (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(writeOut, FLUSH_MS, block);
        return;
      }
      const rest = error === null ? block.subarray(written) : undefined;
      if (rest !== undefined && rest.length > 0) return writeOut(rest);
      // An error means that nobody will ever read it (EPIPE): serving goes on.
      underWay = undefined;
      if (waitingLength >= BLOCK) flush();
      else if (waitingLength > 0) timer ??= setTimeout(flush, FLUSH_MS).unref();
    };
    write(fd, block, 0, block.length, null, done as NoParamCallback & typeof done);
  }

  function flushSync(): void {
    clearTimeout(timer);
    timer = undefined;
    // What is under way may come twice; at the end of a process that is better than not at all.
    const blocks = underWay === undefined ? [takeWaiting()] : [underWay, takeWaiting()];
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
      if (waitingLength + line.length > MOST_WAITING) {
        lost++;
        return;
      }
      waiting.push(line);
      waitingLength += line.length;
      if (waitingLength >= BLOCK) flush();
      else if (timer === undefined && underWay === undefined) timer = setTimeout(flush, FLUSH_MS).unref();
    },
    flushSync,
    close: flushSync,
  };
}
