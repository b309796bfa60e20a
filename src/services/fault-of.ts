/** The one place where failures of the ports become Faults. Edges ask it about whatever a service threw. */
import { BlobStoreUnavailable } from '../ports/blob-store.ts';
import { MetadataUnavailable } from '../ports/metadata.ts';
import { serviceUnavailable, storageFull } from './ecr/faults.ts';
import { Fault } from './fault.ts';

/** The Fault to answer, or undefined when the error is a bug (500). */
export function faultOf(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  if (error instanceof MetadataUnavailable || error instanceof BlobStoreUnavailable) {
    return error.full ? storageFull() : serviceUnavailable();
  }
  return undefined;
}
