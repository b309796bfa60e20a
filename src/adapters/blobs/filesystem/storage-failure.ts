/** Turns what the file system throws into the port's error. The message never holds a path; the cause, for the log, does. */
import {
  BlobAbsent,
  BlobStoreUnavailable,
  DigestMismatch,
  UploadLost,
  UploadTooLarge,
} from '../../../ports/blob-store.ts';
import { errorCode } from './file-calls.ts';

/** The port's own errors, and mistakes of ours, pass unchanged. */
export function storageFailure(error: unknown): unknown {
  if (
    error instanceof BlobStoreUnavailable ||
    error instanceof DigestMismatch ||
    error instanceof UploadTooLarge ||
    error instanceof UploadLost ||
    error instanceof BlobAbsent
  ) {
    return error;
  }
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new BlobStoreUnavailable('The disk of the blob store is full.', { cause: error, full: true });
  }
  // Only the system's own codes (EIO, EMFILE, EROFS…) are failures of storage; ERR_… codes of node are mistakes of ours.
  if (code && !code.startsWith('ERR_')) {
    return new BlobStoreUnavailable(`The blob store cannot be read or written (${code}).`, { cause: error });
  }
  return error;
}
