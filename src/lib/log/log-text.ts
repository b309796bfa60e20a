/** Log lines as a person on a terminal wants them: one line, time, level, message, then the values. */

const LEVELS: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info ', 40: 'WARN ', 50: 'ERROR', 60: 'FATAL' };

/** From a line of JSON, as pino writes it, to a line of text; both end with a newline. */
export function logText(json: string): string {
  const { level, time, msg, err, ...values } = JSON.parse(json) as Record<string, unknown> & {
    level: number;
    time: number;
  };
  const begin = `${clockTime(time)} ${LEVELS[level] ?? level}`;
  const stack = isError(err) ? `\n${err.stack ?? err.message}` : '';
  if (msg === 'request') return `${begin} ${requestText(values)}${stack}\n`;
  const rest = Object.entries(values).map(([name, value]) => `${name}=${text(value)}`);
  return `${[begin, printable(String(msg)), ...rest].join(' ')}${stack}\n`;
}

function requestText(line: Record<string, unknown>): string {
  const {
    status,
    method,
    edge,
    operation,
    resource,
    path,
    error,
    ms,
    bytesIn,
    bytesOut,
    caller,
    aborted,
    remote,
    requestId,
  } = line;
  const words = [status, method, `${edge}/${operation}`, resource ?? path];
  if (error !== undefined) words.push(error);
  if (aborted === true) words.push('(aborted)');
  words.push(`${ms}ms`, `in=${bytesIn}`, `out=${bytesOut}`, `from=${remote}`);
  if (caller !== undefined) words.push(`by=${caller}`);
  words.push(`id=${requestId}`);
  return words.map((word) => printable(String(word))).join(' ');
}

function isError(value: unknown): value is { message: string; stack?: string } {
  return typeof value === 'object' && value !== null && 'message' in value;
}

function text(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Client text must not move the cursor or colour the terminal. */
function printable(value: string): string {
  return value.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Local time of day with milliseconds; the date stands in the first line of the process. */
function clockTime(time: number): string {
  const at = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}
