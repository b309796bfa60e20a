/** The metadata port, timed. `refresh` is not: it is called for every request and takes a microsecond. */
import type { OperationTimings } from '../../lib/operation-timings.ts';
import type { Metadata } from '../../ports/metadata.ts';

export function timedMetadata(metadata: Metadata, timings: OperationTimings): Metadata {
  return {
    read: (work) => timings.time('read', metadata.read(work)),
    write: (work) => timings.time('write', metadata.write(work)),
    refresh: () => metadata.refresh(),
    onChange: (listener) => metadata.onChange(listener),
    ping: () => timings.time('ping', metadata.ping()),
    close: () => metadata.close(),
  };
}
