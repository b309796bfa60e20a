/** Makes bytes ready to be sent: with their hash, where the way to the store is not protected by TLS. */
import { createHash } from 'node:crypto';
import type { Outgoing } from './s3-store.ts';
import type { StoreContext } from './store-context.ts';
import type { BlockPiece } from './stream-parts.ts';

/** A few bytes, hashed here unless their digest is known. */
export function outgoingBytes(store: StoreContext, pieces: readonly Uint8Array[], digest?: string): Outgoing {
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  if (!store.signBodies) return { size, pieces, sha256: undefined };
  const known = sha256Of(digest);
  if (known) return { size, pieces, sha256: known };
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return { size, pieces, sha256: hash.digest('hex') };
}

/** Bytes in blocks, hashed by the worker unless their digest is known. */
export async function outgoingPart(
  store: StoreContext,
  pieces: readonly BlockPiece[],
  digest?: string,
): Promise<Outgoing> {
  const size = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const outgoing = { size, pieces: pieces.map(({ bytes }) => bytes) };
  if (!store.signBodies) return { ...outgoing, sha256: undefined };
  const known = sha256Of(digest);
  if (known) return { ...outgoing, sha256: known };
  const hash = store.hashing.begin('sha256');
  try {
    await Promise.all(pieces.map(({ block, bytes }) => hash.update(block, bytes.length)));
    return { ...outgoing, sha256: await hash.peek() };
  } finally {
    hash.end();
  }
}

function sha256Of(digest: string | undefined): string | undefined {
  return digest?.startsWith('sha256:') ? digest.slice('sha256:'.length) : undefined;
}
