/** Whether requests can be answered now. Asked once a second at most, however many probes come. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BlobStoreUnavailable } from '../../ports/blob-store.ts';
import type { Ports } from '../../ports/ports.ts';
import type { MarkWatch } from '../../services/integrity/layer-store-mark.ts';

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly because: string };

const KEEP_MS = 1000;
const ANSWER_MS = 2000;

export interface ReadinessStores extends Pick<Ports, 'metadata' | 'blobs'> {
  readonly storeMark: Pick<MarkWatch, 'requireRecent'>;
}

/** The check of /readyz. `draining` says that the server is about to end. */
export function createReadiness(stores: ReadinessStores, draining: () => boolean): () => Promise<Readiness> {
  let asked: Promise<Readiness> | undefined;
  let askedAt = 0;
  return () => {
    if (draining()) return Promise.resolve({ ready: false, because: 'shutting down' });
    const now = performance.now();
    if (asked === undefined || now - askedAt > KEEP_MS) {
      asked = ask(stores);
      askedAt = now;
    }
    return asked;
  };
}

/** The reasons are ours: what the stores say may name paths. */
async function ask({ metadata, blobs, storeMark }: ReadinessStores): Promise<Readiness> {
  const [database, store, mark] = await Promise.allSettled([
    inTime(metadata.ping()),
    inTime(blobs.ping()),
    inTime(storeMark.requireRecent()),
  ]);
  if (database.status === 'rejected') return { ready: false, because: 'the database cannot be read and written' };
  // A full disk still serves every read; taken out of a load balancer, it would serve none.
  const full = store.status === 'rejected' && store.reason instanceof BlobStoreUnavailable && store.reason.full;
  if (store.status === 'rejected' && !full) return { ready: false, because: 'the layer store cannot be written' };
  if (mark.status === 'rejected') return { ready: false, because: 'the layer store is not that of this installation' };
  return { ready: true };
}

/** Whoever probes does not wait for long either: a store that says nothing is as good as none. */
async function inTime(pong: Promise<void>): Promise<void> {
  const end = new AbortController();
  const late = sleep(ANSWER_MS, undefined, { signal: end.signal }).then(() => {
    throw new Error('no answer in time');
  });
  try {
    await Promise.race([pong, late]);
  } finally {
    end.abort();
    late.catch(() => undefined);
  }
}
