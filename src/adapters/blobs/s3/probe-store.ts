/** Whether the store can be written to: asked often (/readyz), tried seldom. */
import { BlobStoreUnavailable } from '../../../ports/blob-store.ts';
import { newLocation, newUploadKey } from './object-names.ts';
import { outgoingBytes } from './outgoing.ts';
import { readTail } from './read-tail.ts';
import type { StoreContext } from './store-context.ts';

const GOOD_FOR_MS = 10_000;
const BAD_FOR_MS = 1000;

/** Writes an object, reads it and removes it. Its name is that of an upload's, so that the sweep finds what a crash in between leaves. */
export async function probeStore(store: StoreContext): Promise<void> {
  const location = newLocation(newUploadKey(Date.now()));
  const bytes = Buffer.from('ping');
  try {
    const { etag } = await store.s3.put(location, outgoingBytes(store, [bytes]));
    const read = await readTail(store, { location, etag, size: bytes.length }, bytes.length);
    if (!read.equals(bytes)) throw new BlobStoreUnavailable('The S3 store answers other bytes than it was sent.');
  } finally {
    await store.s3.remove(location);
  }
}

/** The same as a function that keeps what came of it for a while, and has one probe under way for all who ask. */
export function createPing(probe: () => Promise<void>, now: () => number = Date.now): () => Promise<void> {
  let last: { readonly result: Promise<void>; until: number } | undefined;
  return () => {
    if (last && now() < last.until) return last.result;
    const begun = { result: probe(), until: Number.POSITIVE_INFINITY };
    last = begun;
    begun.result.then(
      () => {
        begun.until = now() + GOOD_FOR_MS;
      },
      () => {
        begun.until = now() + BAD_FOR_MS;
      },
    );
    return begun.result;
  };
}
