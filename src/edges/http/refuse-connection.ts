/** Answers bytes that never became a request: written straight to the socket, which is closed after it. */
import type { Duplex } from 'node:stream';

const REASONS = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
} as const;

export type RefusalStatus = keyof typeof REASONS;

/** What Node's parser reports, as a status. */
export function statusOfParseError(code: string | undefined): RefusalStatus {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  return 400;
}

/**
 * Nobody knows yet which protocol was meant, so the body is an error document of all of them: `errors` is the registry's, `message` what
 * AWS clients read.
 */
export function refusalBody(status: RefusalStatus): string {
  const message = `${REASONS[status]}: the request was refused`;
  return `${JSON.stringify({ errors: [{ code: 'UNSUPPORTED', message }], message })}\n`;
}

/** Sends a whole small answer and closes. `answerBegun`: bytes of another answer are already on the way, so none may follow. */
export function refuseConnection(socket: Duplex, status: RefusalStatus, answerBegun: boolean): void {
  if (answerBegun || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = refusalBody(status);
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status]}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
