/**
 * Opens a committed object, or a range of it, for sending. It is asked for at once, so that one request is all that a pull needs, and removal does not
 * disturb it. What
 * looks different from its fingerprint is hashed while it streams, and its last chunk is withheld when the digest is wrong.
 */
import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import { BlobAbsent, type ByteRange, type OpenBlob, type StoredBlob } from '../../../ports/blob-store.ts';
import { splitDigest } from '../split-digest.ts';
import { looksGood } from './fingerprint.ts';
import { readObject } from './read-object.ts';
import { createReceiver } from './receiver.ts';
import { isRefusal } from './s3-failure.ts';
import type { Incoming } from './s3-store.ts';
import type { StoreContext } from './store-context.ts';

/** See BlobStore.open. */
export async function openObject(store: StoreContext, blob: StoredBlob, range?: ByteRange): Promise<OpenBlob> {
  const span = spanOf(blob.size, range);
  const isAll = span.first === 0 && span.last === blob.size - 1;
  let incoming: Incoming | undefined = await store.s3
    .get(blob.location, isAll ? {} : { span })
    .catch((error: unknown) => {
      // Without such a range it is shorter than the blob.
      if (isRefusal(error, 'absent', 'no-range')) throw new BlobAbsent('The object is not there.', { cause: error });
      throw error;
    });
  function drop() {
    incoming?.body.on('error', () => {}).destroy();
    incoming = undefined;
  }
  const look = { location: blob.location, size: incoming.size, etag: incoming.etag };
  if (look.size !== blob.size) {
    drop();
    throw new BlobAbsent('The object has another size.');
  }
  // A stream that breaks off before it is read is taken up again when it is.
  incoming.body.on('error', () => {});
  const trusted = looksGood(blob, look);

  return {
    size: blob.size,
    trusted,
    async send(to) {
      if (!trusted && !isAll) {
        drop();
        throw new TypeError('A range of an untrusted blob cannot be sent.');
      }
      const mine = incoming;
      incoming = undefined;
      return sendObject(store, { look, digest: blob.digest, trusted, span, incoming: mine }, to);
    },
    async close() {
      drop();
    },
  };
}

/** Throws a RangeError unless the range lies wholly in the blob; the edge has cut it to fit. */
function spanOf(size: number, range: ByteRange | undefined): ByteRange {
  if (!range) return { first: 0, last: size - 1 };
  const { first, last } = range;
  if (!(first >= 0 && first <= last && last < size)) throw new RangeError('The range lies outside the blob.');
  return range;
}

interface Sending {
  readonly look: { readonly location: string; readonly size: number; readonly etag: string };
  readonly digest: string;
  readonly trusted: boolean;
  readonly span: ByteRange;
  readonly incoming: Incoming | undefined;
}

/** Resolves as `OpenBlob.send`. Rejects when the store gives no more; `to` is destroyed then, since what it got is short. */
async function sendObject(
  store: StoreContext,
  { look, digest, trusted, span, incoming }: Sending,
  to: Writable,
): Promise<'sent' | 'damaged' | 'aborted'> {
  const receiver = createReceiver(to);
  const { algorithm, hex } = splitDigest(digest);
  // On this thread: it happens once to an object that was restored or tampered with.
  const hash = trusted ? undefined : createHash(algorithm);
  let left = span.last - span.first + 1;
  let isGood = true;
  let last: Uint8Array | undefined;

  function take(chunk: Uint8Array, free: (chunk: Uint8Array) => void): Promise<void> | undefined {
    left -= chunk.length;
    hash?.update(chunk);
    if (left > 0) return receiver.write(chunk, free);
    if (hash) isGood = hash.digest('hex') === hex;
    last = chunk;
    return undefined;
  }

  try {
    const outcome = await readObject(store.s3, look, { span, incoming, stop: receiver.isGone }, take);
    if (receiver.isGone() || outcome === 'stopped') return 'aborted';
    if (outcome === 'changed' || !isGood) {
      to.destroy();
      return 'damaged';
    }
    return (await receiver.end(last)) ? 'sent' : 'aborted';
  } catch (error) {
    if (receiver.isGone()) return 'aborted';
    to.destroy();
    throw error;
  } finally {
    receiver.release();
  }
}
