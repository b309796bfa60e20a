/**
 * Gives a successor the bytes of an upload under names of its own, because a process that only stood still may go on. S3 refuses its parts once the upload is
 * completed, but not every store does: in Swift they would take the place of those in the blob. The store copies; no byte of a part passes through here.
 */
import { type OpenUpload, UploadLost } from '../../../ports/blob-store.ts';
import { newLocation } from './object-names.ts';
import { outgoingBytes } from './outgoing.ts';
import { readTail } from './read-tail.ts';
import { isRefusal } from './s3-failure.ts';
import type { StoreContext } from './store-context.ts';
import {
  cutBack,
  type MultipartUpload,
  readState,
  type StoredPart,
  sizeOfParts,
  type Tail,
  type UploadState,
  writeState,
} from './upload-state.ts';

/** What is copied by one request: far below S3's 5 GiB, so that it is answered in time. */
const COPY_BYTES = 256 * 1024 * 1024;

/** See BlobStore.takeOver. Rejects with UploadLost when the parts are not what the state says. */
export async function takeOverUpload(
  store: StoreContext,
  upload: OpenUpload,
  offset: number,
  newKey: string,
): Promise<OpenUpload> {
  const { state, ofTail } = cutBack(readState(upload.state), offset);
  if (offset === 0) return { key: newKey, state: '' };
  try {
    const multipart = state.multipart && (await copyParts(store, state, offset, newKey));
    const copied = multipart ? sizeOfParts({ ...state, multipart }) : 0;
    const tail = copied < offset ? await copyTail(store, state, ofTail, newKey) : undefined;
    // Should the old caller have changed the parts meanwhile, the digest is another: the commit will read to be sure.
    const digest = multipart ? undefined : state.digest;
    return { key: newKey, state: writeState({ multipart, tail, digest, leftovers: [] }) };
  } catch (error) {
    if (isRefusal(error)) throw new UploadLost('The upload has lost parts that were acknowledged.', { cause: error });
    throw error;
  }
}

async function copyTail(store: StoreContext, { tail }: UploadState, length: number, newKey: string): Promise<Tail> {
  const bytes = await readTail(store, tail, length);
  const location = newLocation(newKey);
  const { etag } = await store.s3.put(location, outgoingBytes(store, [bytes]));
  return { location, etag, size: length };
}

/**
 * Parts can be read, and so copied, only when they are completed to an object. A commit that was cut off may have done that, with the tail as the last of them:
 * then that is copied, too.
 */
async function copyParts(
  { s3 }: StoreContext,
  state: UploadState,
  offset: number,
  newKey: string,
): Promise<MultipartUpload | undefined> {
  if (!state.multipart) return undefined;
  const { location: from, id, parts } = state.multipart;
  const sizeOfThese = sizeOfParts(state);
  let source = await s3.look(from);
  if (!source) {
    await s3.complete(from, id, parts);
    source = await s3.look(from);
  }
  if (!source || source.size < sizeOfThese) throw new UploadLost('The upload has lost parts that were acknowledged.');
  const size = source.size >= offset ? offset : sizeOfThese;
  const location = newLocation(newKey);
  const newId = await s3.begin(location);
  const copies: StoredPart[] = [];
  for (const span of spansOf(size)) {
    copies.push(await s3.copyPart(location, newId, copies.length + 1, { from, span }));
  }
  return { location, id: newId, parts: copies };
}

/** Stretches of about the same length, so that none is too short for a part. */
function* spansOf(size: number): Generator<{ first: number; last: number }> {
  const count = Math.ceil(size / COPY_BYTES);
  for (let n = 0; n < count; n++) {
    yield { first: Math.floor((size * n) / count), last: Math.floor((size * (n + 1)) / count) - 1 };
  }
}
