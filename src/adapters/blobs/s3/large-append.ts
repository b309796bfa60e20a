/** The way of a request with many bytes: parts of a multipart upload, which is begun with the first part that is sent. */
import { discard, type RunningDigest, textOf } from '../receiving/running-digests.ts';
import type { Append, Appended } from './append-upload.ts';
import { newLocation } from './object-names.ts';
import { outgoingPart } from './outgoing.ts';
import { isWorthAPart } from './part-sizes.ts';
import { createPartWriter } from './part-writer.ts';
import { readTail } from './read-tail.ts';
import type { StoreContext } from './store-context.ts';
import { type BlockPiece, streamParts } from './stream-parts.ts';
import type { CutState, Tail } from './upload-state.ts';

export interface LargeAppend {
  /** Resolves when it may be pushed: the tail has been read, which the bytes to come join. */
  readonly ready: Promise<void>;
  /** Copies the chunk. A promise means: no more until it has resolved. */
  push(chunk: Uint8Array): Promise<void> | undefined;
  /** Resolves when all is durable. The running digest is the caller's from then on. */
  finish(): Promise<Appended>;
  /** Waits until nothing is under way. Must be called in the end, also after a failure. */
  release(): Promise<void>;
}

/** `running` is the digest of all that is kept of the upload, if there is one; it is taken over. */
export function startLargeAppend(
  store: StoreContext,
  { upload, algorithm }: Append,
  before: CutState,
  running: RunningDigest | undefined,
): LargeAppend {
  const { multipart: old, tail } = before.state;
  const oldParts = old?.parts ?? [];
  // One that runs on the main thread cannot move: it begins anew in the worker with the tail, which is all there is then.
  if (running?.place === 'here') discard(running);
  const known = running?.place === 'worker' ? running : undefined;
  const fresh = known || oldParts.length > 0 ? undefined : store.hashing.begin(algorithm);
  let digest: RunningDigest | undefined = fresh ? { algorithm, place: 'worker', hash: fresh } : known;
  let begun: Promise<{ location: string; id: string }> | undefined = old && Promise.resolve(old);

  function multipart(): Promise<{ location: string; id: string }> {
    if (!begun) {
      const location = newLocation(upload.key);
      begun = store.s3.begin(location).then((id) => ({ location, id }));
    }
    return begun;
  }

  const writer = createPartWriter<BlockPiece>({
    firstNumber: oldParts.length + 1,
    budget: store.parts,
    async send(number, pieces) {
      const [{ location, id }, bytes] = await Promise.all([multipart(), outgoingPart(store, pieces)]);
      return store.s3.putPart(location, id, number, bytes);
    },
  });
  const stream = streamParts(store.blocks, writer, digest?.place === 'worker' ? digest.hash : undefined);

  async function takeInTail(): Promise<void> {
    const bytes = await readTail(store, tail, before.ofTail);
    await (fresh ? stream.push(bytes) : stream.pushHashed(bytes));
  }

  /** A part if that is allowed though more may follow, else the tail. Few bytes of an upload without parts are an object at once. */
  async function sendRest(): Promise<Tail | undefined> {
    const isMultipart = writer.nextNumber > 1;
    if (isMultipart && isWorthAPart(writer.restSize, writer.nextNumber)) await writer.flush();
    const { rest, restSize: size } = writer;
    if (size === 0) return undefined;
    const location = newLocation(upload.key);
    const digestOfRest = digest && !isMultipart ? await textOf(digest) : undefined;
    const { etag } = await store.s3.put(location, await outgoingPart(store, rest, digestOfRest));
    return { location, etag, size };
  }

  async function finish(): Promise<Appended> {
    await stream.finish();
    const [newTail, parts] = [await sendRest(), await writer.finish()];
    const all = [...oldParts, ...parts];
    const state = {
      multipart: all.length > 0 ? { ...(await multipart()), parts: all } : undefined,
      tail: newTail,
      leftovers: [...before.state.leftovers, ...(tail ? [tail.location] : [])],
    };
    const mine = digest;
    digest = undefined;
    return { state, digest: mine };
  }

  const ready = takeInTail();
  // Whoever pushes has waited for it; who never does hears of it in the end.
  ready.catch(() => {});
  return {
    ready,
    push: stream.push,
    finish,
    async release() {
      await ready.catch(() => {});
      await writer.release();
      await stream.release();
      if (digest) discard(digest);
    },
  };
}
