/** The log of a process: pino's lines, as JSON or as text, through one collected output. */
import { isatty } from 'node:tty';
import { type Logger, pino } from 'pino';
import { openLogOutput, PIPE_BLOCK } from './log-output.ts';
import { logText } from './log-text.ts';

export interface Log {
  readonly logger: Logger;
  /** A line of JSON in pino's form that the caller has put together, for lines that come by the thousand. */
  readonly writeLine: (line: string) => void;
  /** Writes what is left; call it before the process ends. */
  flush(): void;
}

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly format: 'auto' | 'json' | 'text';
  /** Other processes write to the same place: lines are then written in pieces that the system keeps whole. */
  readonly shared?: boolean;
}

/** Logs to a file descriptor: standard output for a server, so that standard error stays for what needs somebody's attention. */
export function createLog({ level, format, shared = false }: LogOptions, fd: number): Log {
  const output = openLogOutput(fd, shared ? PIPE_BLOCK : undefined);
  const asText = format === 'text' || (format === 'auto' && isatty(fd));
  const writeLine = asText ? (line: string) => output.write(logText(line)) : output.write;
  return { ...logTo(writeLine, level), flush: output.flushSync };
}

/** Hands every line to `writeLine`, at once. */
export function logTo(writeLine: (line: string) => void, level: LogOptions['level']): Log {
  return { logger: pino({ level, base: null }, { write: writeLine }), writeLine, flush: () => undefined };
}
