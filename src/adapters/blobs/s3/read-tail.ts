/** Reads small objects whole, sure that they are the ones that were meant. */
import { UploadLost } from '../../../ports/blob-store.ts';
import { readObject } from './read-object.ts';
import type { StoreContext } from './store-context.ts';
import type { Tail } from './upload-state.ts';

/** The first `length` bytes of the tail. Rejects with UploadLost when it is gone or is another than was stored. */
export async function readTail(store: StoreContext, tail: Tail | undefined, length: number): Promise<Buffer> {
  if (!tail || length === 0) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  const span = { first: 0, last: tail.size - 1 };
  const outcome = await readObject(store.s3, tail, { span }, (chunk) => {
    chunks.push(chunk);
    return undefined;
  });
  if (outcome === 'changed') throw new UploadLost('The upload has lost bytes that were acknowledged.');
  return Buffer.concat(chunks).subarray(0, length);
}
