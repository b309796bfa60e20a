/** Range requests on blobs (RFC 9110, section 14; distribution specification, "Pulling blobs"). */
import type { ByteRange } from '../../ports/blob-store.ts';

/** One range as the client wrote it, before the size is known: from `first` on, or the last `suffix` bytes. */
export type RangeRequest = { readonly first: number; readonly last: number | undefined } | { readonly suffix: number };

/**
 * The one range a Range header asks for. `undefined` means that the whole is to be sent: no header, another unit, several
 * ranges (which a server may ignore) or something that is no range. `unsatisfiable`: last before first.
 */
export function parseRange(header: string | undefined): RangeRequest | 'unsatisfiable' | undefined {
  if (header === undefined) return undefined;
  const match = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header);
  if (match === null) return undefined;
  const [, from, to] = match as unknown as [string, string, string];
  if (from === '') return to === '' ? undefined : { suffix: Number(to) };
  const first = Number(from);
  const last = to === '' ? undefined : Number(to);
  return last !== undefined && last < first ? 'unsatisfiable' : { first, last };
}

/** The bytes of a blob of this size that were asked for, or `unsatisfiable` when it has none of them. */
export function resolveRange(request: RangeRequest, size: number): ByteRange | 'unsatisfiable' {
  if ('suffix' in request) {
    if (request.suffix === 0 || size === 0) return 'unsatisfiable';
    return { first: Math.max(0, size - request.suffix), last: size - 1 };
  }
  if (request.first >= size) return 'unsatisfiable';
  return { first: request.first, last: Math.min(request.last ?? size - 1, size - 1) };
}
