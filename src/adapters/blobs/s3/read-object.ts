/** Reads a stretch of an object to its end: a stream that breaks off is taken up again where it stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BlobStoreUnavailable } from '../../../ports/blob-store.ts';
import { receiveSource } from '../receiving/receive-source.ts';
import { createChunkRecycler } from '../receiving/recycle-chunks.ts';
import { isRefusal } from './s3-failure.ts';
import type { Incoming, Look, S3Store, Span } from './s3-store.ts';

/** How often in a row a stream may break off without having brought a byte. */
const FRUITLESS_TRIES = 5;
const PAUSE_MS = 100;

export interface Reading {
  readonly span: Span;
  /** The object as it comes already, from the first byte of the span to its end or beyond. Is taken over, and closed in the end. */
  readonly incoming?: Incoming | undefined;
  /** Asked before the stream is taken up again; true: nobody wants the rest. */
  readonly stop?: () => boolean;
}

/**
 * Hands the bytes of the span to `onChunk`, which may ask for a pause with a promise, or throw to end it all. It may `free` chunks, in their order, that nobody
 * reads any more. 'whole' when all were handed over; 'changed' when the
 * object is gone or became another on the way; 'stopped' when `stop` said so. Rejects with BlobStoreUnavailable when the store gives no more.
 */
export async function readObject(
  s3: S3Store,
  object: Look & { readonly location: string },
  { span, incoming, stop }: Reading,
  onChunk: (chunk: Uint8Array, free: (chunk: Uint8Array) => void) => Promise<void> | undefined,
): Promise<'whole' | 'changed' | 'stopped'> {
  let position = span.first;
  let source = incoming;
  let fruitless = 0;

  try {
    while (position <= span.last) {
      if (stop?.()) return 'stopped';
      const isAll = position === 0 && span.last === object.size - 1;
      const rest = { first: position, last: span.last };
      source ??= await s3.get(object.location, { etag: object.etag, ...(!isAll && { span: rest }) });
      // A store that knows no If-Match would give another object.
      if (source.etag !== object.etag || source.size !== object.size) return 'changed';
      const before = position;
      const { body } = source;
      const free = createChunkRecycler(body);
      await receiveSource(body, (chunk) => {
        const left = span.last + 1 - position;
        if (left === 0) return undefined;
        const wanted = chunk.length > left ? chunk.subarray(0, left) : chunk;
        position += wanted.length;
        return onChunk(wanted, free);
      });
      body.destroy();
      source = undefined;
      if (position > span.last) break;
      fruitless = position > before ? 0 : fruitless + 1;
      if (fruitless >= FRUITLESS_TRIES) {
        throw new BlobStoreUnavailable('The S3 store breaks off what it sends, again and again.');
      }
      await sleep(PAUSE_MS * fruitless * Math.random());
    }
    return 'whole';
  } catch (error) {
    if (isRefusal(error)) return 'changed';
    throw error;
  } finally {
    source?.body.on('error', () => {}).destroy();
  }
}
