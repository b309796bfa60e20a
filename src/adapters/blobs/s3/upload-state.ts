/**
 * What the row of an upload keeps for this store: where its bytes lie, and their digest so far. With it any process goes on. Pure.
 *
 * The bytes are those of the parts of a multipart upload, in order, and then those of the tail: an object of its own, since no part but
 * the last may be shorter than 5 MiB and more bytes may come. Without parts the tail is the whole upload, and becomes the blob as it is.
 */
import { type DigestAlgorithm, UploadLost } from '../../../ports/blob-store.ts';
import { multipartName } from './object-names.ts';

export interface StoredPart {
  readonly etag: string;
  readonly size: number;
}

export interface MultipartUpload {
  /** Where it will lie once it is completed. */
  readonly location: string;
  readonly id: string;
  /** Part n is at n - 1. */
  readonly parts: readonly StoredPart[];
}

export interface Tail extends StoredPart {
  readonly location: string;
}

export interface UploadState {
  readonly multipart: MultipartUpload | undefined;
  readonly tail: Tail | undefined;
  /** `sha256:…` of all bytes; undefined when nobody knows it. */
  readonly digest: string | undefined;
  /** Names of objects and multipart uploads that this state no longer needs. They go when it is in the row, which the next call shows. */
  readonly leftovers: readonly string[];
}

export const NOTHING: UploadState = { multipart: undefined, tail: undefined, digest: undefined, leftovers: [] };

/** How it stands in the row: short names, because there may be 10,000 parts. */
interface Written {
  readonly m?: { readonly l: string; readonly i: string; readonly p: readonly (readonly [string, number])[] };
  readonly t?: readonly [location: string, etag: string, size: number];
  readonly d?: string;
  readonly x?: readonly string[];
}

export function writeState({ multipart, tail, digest, leftovers }: UploadState): string {
  const written: Written = {
    ...(multipart && {
      m: { l: multipart.location, i: multipart.id, p: multipart.parts.map(({ etag, size }) => [etag, size]) },
    }),
    ...(tail && { t: [tail.location, tail.etag, tail.size] }),
    ...(digest !== undefined && { d: digest }),
    ...(leftovers.length > 0 && { x: leftovers }),
  };
  return JSON.stringify(written);
}

/** Reads what `writeState` wrote; empty is an upload without bytes. Throws UploadLost for what another kind of store wrote. */
export function readState(text: string): UploadState {
  if (text === '') return NOTHING;
  let written: Written;
  try {
    written = JSON.parse(text);
  } catch (error) {
    throw new UploadLost('The upload was begun in another store.', { cause: error });
  }
  const { m, t, d, x } = written;
  return {
    multipart: m && { location: m.l, id: m.i, parts: m.p.map(([etag, size]) => ({ etag, size })) },
    tail: t && { location: t[0], etag: t[1], size: t[2] },
    digest: d,
    leftovers: x ?? [],
  };
}

export function sizeOfParts(state: UploadState): number {
  return (state.multipart?.parts ?? []).reduce((sum, { size }) => sum + size, 0);
}

export function sizeOfState(state: UploadState): number {
  return sizeOfParts(state) + (state.tail?.size ?? 0);
}

/** The digest of all bytes, where it is known with this algorithm. */
export function knownDigest({ digest }: UploadState, algorithm: DigestAlgorithm): string | undefined {
  return digest?.startsWith(`${algorithm}:`) ? digest : undefined;
}

/** The name of its multipart upload, if it has one. */
export function multipartNames({ multipart }: UploadState): string[] {
  return multipart ? [multipartName(multipart.location, multipart.id)] : [];
}

/** The first bytes of an upload. */
export interface CutState {
  /** What is kept of it; its tail is whole. */
  readonly state: UploadState;
  /** How many bytes of the tail are kept; the rest was never acknowledged. */
  readonly ofTail: number;
}

/**
 * The upload with its first `offset` bytes. Throws UploadLost when it has fewer, or when a part would have to be cut: what is in a part cannot be
 * read before the upload is completed. An offset that was ever answered together with this state is never inside of one.
 */
export function cutBack(state: UploadState, offset: number): CutState {
  const size = sizeOfState(state);
  if (offset === size) return { state, ofTail: state.tail?.size ?? 0 };
  if (offset > size) throw new UploadLost('The upload has fewer bytes than were acknowledged.');
  const unknown = { ...state, digest: undefined };
  const ofTail = offset - sizeOfParts(state);
  if (ofTail > 0) return { state: unknown, ofTail };
  const parts: StoredPart[] = [];
  let kept = 0;
  for (const part of state.multipart?.parts ?? []) {
    if (kept + part.size > offset) break;
    kept += part.size;
    parts.push(part);
  }
  if (kept < offset) throw new UploadLost('The upload cannot be cut back to what was acknowledged.');
  const multipart = state.multipart && kept > 0 ? { ...state.multipart, parts } : undefined;
  const { tail } = state;
  const leftovers = [...(tail ? [tail.location] : []), ...(multipart ? [] : multipartNames(state))];
  return { state: { multipart, tail: undefined, digest: undefined, leftovers }, ofTail: 0 };
}
