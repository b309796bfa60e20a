/** What an object looks like from outside: stores give another ETag to other bytes, and mostly to the same bytes stored anew. */
import type { StoredBlob } from '../../../ports/blob-store.ts';
import type { Look } from './s3-store.ts';

export function fingerprintOf({ size, etag }: Look): string {
  return `${size}.${etag}`;
}

export function looksGood(blob: StoredBlob, look: Look): boolean {
  return look.size === blob.size && fingerprintOf(look) === blob.fingerprint;
}
