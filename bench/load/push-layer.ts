/** One layer as docker pushes it. */
import type { RawAnswer, RawConnection } from './raw-connection.ts';
import { readHeader } from './raw-connection.ts';
import { requestHead } from './request-head.ts';

export interface PushTarget {
  readonly port: number;
  readonly authorization: string | undefined;
  readonly repository: string;
}

/** `length` is that of `pieces`, or `chunked` when they are framed already. Throws an Error with the head of a bad answer. */
export async function pushLayer(
  connection: RawConnection,
  { port, authorization, repository }: PushTarget,
  digest: string,
  pieces: Iterable<Uint8Array>,
  length: number | 'chunked',
): Promise<void> {
  const ask = (method: string, path: string, bytes?: number | 'chunked', body?: Iterable<Uint8Array>) =>
    connection.exchange(requestHead({ method, path, headers: OCTETS }, port, authorization, bytes), body);
  const started = await ask('POST', `/v2/${repository}/blobs/uploads/`, 0);
  const patched = await ask('PATCH', locationOf(started, 202), length, pieces);
  const location = locationOf(patched, 202);
  const query = location.includes('?') ? '&' : '?';
  const closed = await ask('PUT', `${location}${query}digest=${digest}`, 0);
  if (closed.status !== 201) throw new Error(closed.head);
}

const OCTETS = { 'content-type': 'application/octet-stream' };

function locationOf(answer: RawAnswer, status: number): string {
  const location = readHeader(answer.head, 'location');
  if (answer.status !== status || location === undefined) throw new Error(answer.head);
  const url = new URL(location, 'http://registry');
  return url.pathname + url.search;
}
