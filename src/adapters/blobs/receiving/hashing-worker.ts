/**
 * The thread that hashes large uploads. It knows no files: it is sent blocks of shared memory and answers in the order in
 * which it was asked. See hashing.ts, its only caller.
 */
import { createHash, type Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import type { DigestAlgorithm } from '../../../ports/blob-store.ts';

/** `shared` comes along when the block is new to the worker. Every 'update' and 'peek' is answered, nothing else is. */
export type HashingRequest =
  | { do: 'begin'; hash: number; algorithm: DigestAlgorithm }
  | { do: 'update'; hash: number; block: number; length: number; shared: SharedArrayBuffer | undefined }
  | { do: 'peek'; hash: number }
  | { do: 'end'; hash: number }
  | { do: 'drop'; block: number };

/** The digest in hex after 'peek', null after 'update'. */
export type HashingAnswer = string | null;

const hashes = new Map<number, Hash>();
const blocks = new Map<number, Uint8Array>();

function blockOf(request: Extract<HashingRequest, { do: 'update' }>): Uint8Array {
  if (request.shared) blocks.set(request.block, new Uint8Array(request.shared));
  return blocks.get(request.block)!;
}

function answer(request: HashingRequest): HashingAnswer | undefined {
  switch (request.do) {
    case 'begin':
      hashes.set(request.hash, createHash(request.algorithm));
      return undefined;
    case 'update':
      hashes.get(request.hash)!.update(blockOf(request).subarray(0, request.length));
      return null;
    case 'peek':
      // A copy, since an upload whose digest was wrong stays open and may go on.
      return hashes.get(request.hash)!.copy().digest('hex');
    case 'end':
      hashes.delete(request.hash);
      return undefined;
    case 'drop':
      blocks.delete(request.block);
      return undefined;
  }
}

parentPort?.on('message', (request: HashingRequest) => {
  const result = answer(request);
  if (result !== undefined) parentPort?.postMessage(result);
});
