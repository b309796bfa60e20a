/** Carries one layer from where it lies to where it is wanted. Whoever receives it hashes it, so that only whole layers arrive. */
import { type Readable, Transform } from 'node:stream';
import { BlobAbsent, type BlobStore, DigestMismatch, type StoredBlob, UploadTooLarge } from '../../ports/blob-store.ts';

/** What became of it; `damaged` and `absent` say of the source that it has no whole layer. */
export type Carried<T> = { readonly as: T } | 'damaged' | 'absent';

/**
 * Reads the layer out of the store into `receive`. Rejects with what the store or the receiver fails with.
 */
export async function carryFromStore<T>(
  blobs: Pick<BlobStore, 'open'>,
  layer: StoredBlob,
  receive: (source: Readable) => Promise<T>,
): Promise<Carried<T>> {
  let opened: Awaited<ReturnType<BlobStore['open']>>;
  try {
    opened = await blobs.open(layer);
  } catch (error) {
    if (error instanceof BlobAbsent) return 'absent';
    throw error;
  }
  // The store fills a block again as soon as it was taken; the receiver may still be reading it.
  const own = new Transform({
    highWaterMark: 512 * 1024,
    transform: (chunk: Uint8Array, _encoding, done) => done(null, Buffer.from(chunk)),
  });
  const sending = opened.send(own);
  sending.catch(() => own.destroy());
  try {
    return { as: await receive(own) };
  } catch (error) {
    own.destroy();
    // A failure of the store is told as it is; the receiver saw only that the bytes ended.
    if ((await sending) === 'damaged' || isDamage(error)) return 'damaged';
    throw error;
  } finally {
    await sending.catch(() => undefined);
  }
}

/** As `carryFromStore`, from a place that hands out a stream; `undefined` is an absent layer. */
export async function carryFromStream<T>(
  source: Readable | undefined,
  receive: (source: Readable) => Promise<T>,
): Promise<Carried<T>> {
  if (source === undefined) return 'absent';
  try {
    return { as: await receive(source) };
  } catch (error) {
    if (isDamage(error)) return 'damaged';
    throw error;
  } finally {
    source.destroy();
  }
}

/**
 * Puts a layer into the store; durable when it resolves. Rejects with DigestMismatch or UploadTooLarge when the bytes are others, and with
 * BlobStoreUnavailable; nothing of it is left then.
 */
export async function storeLayer(
  blobs: Pick<BlobStore, 'startUpload' | 'append' | 'commit' | 'abort'>,
  { digest, size }: { readonly digest: string; readonly size: number },
  source: Readable,
): Promise<StoredBlob> {
  const key = blobs.startUpload();
  let state = '';
  try {
    const algorithm = digest.startsWith('sha512:') ? 'sha512' : 'sha256';
    // A source that breaks off ends an append quietly, as a client's would; what broke it is what we want to know.
    let broken: unknown;
    const watched = source.once('error', (error) => {
      broken = error;
    });
    const appended = await blobs.append({ key, state }, 0, watched, { algorithm, limit: size });
    state = appended.state;
    if (broken !== undefined) throw broken;
    return await blobs.commit({ key, state }, { digest, size: appended.offset });
  } catch (error) {
    await blobs.abort({ key, state });
    throw error;
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof DigestMismatch || error instanceof UploadTooLarge;
}
