/**
 * Turns an upload into an object (design, section 4, step 2): digest compared, multipart upload completed under the location that its parts were sent to.
 * No byte is copied, and none is read again unless nobody knows the digest, or a commit was cut off by a crash.
 */
import {
  BlobStoreUnavailable,
  DigestMismatch,
  type OpenUpload,
  type StoredBlob,
  UploadLost,
} from '../../../ports/blob-store.ts';
import { splitDigest } from '../split-digest.ts';
import { fingerprintOf } from './fingerprint.ts';
import { digestBytes, hashObject } from './hash-object.ts';
import { multipartEtag } from './multipart-etag.ts';
import { newLocation } from './object-names.ts';
import { outgoingBytes } from './outgoing.ts';
import { readTail } from './read-tail.ts';
import { isRefusal } from './s3-failure.ts';
import type { Look } from './s3-store.ts';
import type { StoreContext } from './store-context.ts';
import { cutBack, knownDigest, type MultipartUpload, readState, type Tail } from './upload-state.ts';

interface Expected {
  readonly digest: string;
  readonly size: number;
}

/** What is to be committed: the state cut to the size, and whether its digest is known (and then right). */
interface Commit {
  readonly upload: OpenUpload;
  readonly expected: Expected;
  readonly tail: Tail | undefined;
  readonly ofTail: number;
  readonly isKnown: boolean;
}

type Committed = Look & { readonly location: string };

/**
 * See BlobStore.commit. A wrong digest is found before anything is completed, when it is known; else the object is read once, and a wrong one stays
 * as it is: the upload takes no more bytes then (UploadLost), but can be committed with the digest that it has.
 */
export async function commitUpload(store: StoreContext, upload: OpenUpload, expected: Expected): Promise<StoredBlob> {
  const { digest, size } = expected;
  const { state, ofTail } = cutBack(readState(upload.state), size);
  const known = knownDigest(state, splitDigest(digest).algorithm);
  if (known !== undefined && known !== digest) throw new DigestMismatch(known);

  const { multipart, tail } = state;
  const commit: Commit = { upload, expected, tail, ofTail, isKnown: known !== undefined };
  const object = multipart ? await commitParts(store, commit, multipart) : await commitTail(store, commit);
  store.committed.set(upload.key, object.location);
  store.digests.forget(upload.key);
  return { digest, size, location: object.location, fingerprint: fingerprintOf(object) };
}

/** The tail is the whole upload, and an object already. */
async function commitTail(store: StoreContext, commit: Commit): Promise<Committed> {
  const { upload, tail, ofTail, expected } = commit;
  if (!tail || ofTail < tail.size) {
    // The empty blob, or bytes behind the end that were never acknowledged.
    const bytes = await readTail(store, tail, ofTail);
    const actual = digestBytes(bytes, splitDigest(expected.digest).algorithm);
    if (actual !== expected.digest) throw new DigestMismatch(actual);
    const location = newLocation(upload.key);
    const { etag } = await store.s3.put(location, outgoingBytes(store, [bytes], actual));
    return { location, etag, size: bytes.length };
  }
  const running = store.digests.take(upload.key, upload.state);
  if (running) {
    // This process has stored it a moment ago: no need to look.
    store.digests.put(upload.key, upload.state, running);
  } else {
    const look = await store.look(tail.location);
    if (look?.size !== tail.size || look.etag !== tail.etag) throw new UploadLost('The upload has no bytes any more.');
  }
  return commit.isKnown ? tail : confirm(store, tail, expected);
}

/**
 * Some stores say of an upload that was completed before, perhaps by a stalled process with other parts, that it is completed now. The ETag tells by whom; where a store
 * has ETags of another kind, which is noticed at the first one, only the size does.
 */
async function commitParts(
  store: StoreContext,
  { tail, ofTail, isKnown, expected }: Commit,
  { location, id, parts }: MultipartUpload,
): Promise<Committed> {
  const all = [...parts];
  let isOurs = true;
  try {
    if (tail && ofTail > 0) {
      const bytes = outgoingBytes(store, [await readTail(store, tail, ofTail)]);
      all.push(await store.s3.putPart(location, id, parts.length + 1, bytes));
    }
    await store.s3.complete(location, id, all);
  } catch (error) {
    if (!isRefusal(error) && !(error instanceof UploadLost)) throw error;
    // Perhaps a commit that was cut off has completed it; by whom, and so with which bytes, is not known.
    isOurs = false;
  }
  const look = await store.s3.look(location);
  if (!look && isOurs) throw new BlobStoreUnavailable('The S3 store does not show what it has just completed.');
  if (look?.size !== expected.size) throw new UploadLost('The upload has lost parts that were acknowledged.');
  const object = { ...look, location };
  const looksForeign = store.etags.tell && multipartEtag(all) !== look.etag;
  if (!isOurs || !isKnown || looksForeign) await confirm(store, object, expected);
  if (isOurs && looksForeign) store.etags.tell = false;
  if (tail) store.tidy(() => store.s3.remove(tail.location));
  return object;
}

/** Reads the object and throws DigestMismatch when it is not what was expected. */
async function confirm(store: StoreContext, object: Committed, { digest }: Expected): Promise<Committed> {
  const actual = await hashObject(store, object, splitDigest(digest).algorithm);
  if (actual === undefined) throw new UploadLost('The upload has lost bytes that were acknowledged.');
  if (actual !== digest) throw new DigestMismatch(actual);
  return object;
}
