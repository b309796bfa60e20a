/** The object that says whose store this is. */
import { BlobStoreUnavailable } from '../../../ports/blob-store.ts';
import { MARK } from './object-names.ts';
import { outgoingBytes } from './outgoing.ts';
import { readObject } from './read-object.ts';
import { isRefusal } from './s3-failure.ts';
import type { Incoming, S3Store } from './s3-store.ts';
import type { StoreContext } from './store-context.ts';

/** More than a mark of ours has. A larger object of that name is somebody else's, and its beginning tells as much. */
const ENOUGH = 1024;

/** See BlobStore.readMark. */
export async function readMark(s3: S3Store): Promise<string | undefined> {
  let incoming: Incoming;
  try {
    incoming = await s3.get(MARK);
  } catch (error) {
    if (isRefusal(error, 'absent')) return undefined;
    throw error;
  }
  const { size, etag } = incoming;
  const span = { first: 0, last: Math.min(size, ENOUGH) - 1 };
  const chunks: Buffer[] = [];
  const outcome = await readObject(s3, { location: MARK, size, etag }, { span, incoming }, (chunk) => {
    chunks.push(Buffer.from(chunk));
    return undefined;
  });
  if (outcome !== 'whole') throw new BlobStoreUnavailable('The mark of the S3 store changed while it was read.');
  return Buffer.concat(chunks).toString().trim();
}

/** See BlobStore.leaveMark. Read again, since what is written is not what is there when another was faster; a conditional write not every store knows. */
export async function leaveMark(store: StoreContext, mark: string): Promise<string> {
  const present = await readMark(store.s3);
  if (present !== undefined) return present;
  await store.s3.put(MARK, outgoingBytes(store, [Buffer.from(`${mark}\n`)]));
  const left = await readMark(store.s3);
  if (left === undefined) throw new BlobStoreUnavailable('The S3 store does not keep what is written to it.');
  return left;
}
