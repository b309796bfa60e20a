/** Heads of requests as text, made before the clock runs. */
import type { RawRequest } from './plan.ts';

/** `length` undefined: no body and no header for it. */
export function requestHead(
  request: Pick<RawRequest, 'method' | 'path' | 'headers'>,
  port: number,
  authorization: string | undefined,
  length?: number | 'chunked',
): string {
  const lines = [`${request.method} ${request.path} HTTP/1.1`];
  // A signed request brings its own host.
  if (request.headers === undefined || !Object.keys(request.headers).some((name) => name.toLowerCase() === 'host')) {
    lines.push(`host: 127.0.0.1:${port}`);
  }
  if (authorization !== undefined) lines.push(`authorization: ${authorization}`);
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (name.toLowerCase() !== 'content-length') lines.push(`${name}: ${value}`);
  }
  if (length === 'chunked') lines.push('transfer-encoding: chunked');
  else if (length !== undefined) lines.push(`content-length: ${length}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
