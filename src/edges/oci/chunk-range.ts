/** The Content-Range of an uploaded chunk: `<first>-<last>`, both inclusive (distribution specification, "Pushing a blob in chunks"). */
import type { ByteRange } from '../../ports/blob-store.ts';

/**
 * The bytes a chunk says it is, `undefined` without a header, or `malformed`. The specification writes `0-99`; `bytes 0-99/*` and
 * `bytes 0-99/1000`, as HTTP writes it, are understood too.
 */
export function parseChunkRange(header: string | undefined): ByteRange | 'malformed' | undefined {
  if (header === undefined) return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\*|\d{1,15}))?$/i.exec(header);
  if (match === null) return 'malformed';
  const range = { first: Number(match[1]), last: Number(match[2]) };
  return range.last < range.first ? 'malformed' : range;
}

/** The Range header of an upload that has received this many bytes. Nothing received is `0-0`, as every registry says it. */
export function receivedRange(offset: number): string {
  return `0-${Math.max(0, offset - 1)}`;
}
