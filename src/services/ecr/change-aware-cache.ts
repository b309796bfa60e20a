/**
 * A bounded cache of things that belong to repositories, kept true by what the database tells of changes.
 *
 * Ask `metadata.refresh()` before `get`. It holds only things that exist, never that something is absent, because additions
 * are not told.
 */
import { LRUCache } from 'lru-cache';
import type { MetadataChange } from '../../ports/metadata.ts';

export interface ChangeAwareCache<Value extends object> {
  get(key: string): Value | undefined;
  /** Take before reading from the database and hand to `put`, so that what a change has overtaken meanwhile is not kept. */
  readonly version: number;
  put(key: string, repositoryId: number, value: Value, versionBeforeRead: number): void;
  delete(key: string): void;
  forget(change: MetadataChange): void;
  /** Sum of the weights of what is held. */
  readonly weight: number;
}

interface Entry<Value> {
  readonly repositoryId: number;
  readonly value: Value;
}

/** Evicts the least recently used beyond `maxWeight`; `weigh` answers a whole number of at least 1. */
export function createChangeAwareCache<Value extends object>(options: {
  readonly maxWeight: number;
  readonly weigh: (value: Value) => number;
}): ChangeAwareCache<Value> {
  const keysOfRepository = new Map<number, Set<string>>();
  const entries = new LRUCache<string, Entry<Value>>({
    maxSize: options.maxWeight,
    sizeCalculation: (entry) => options.weigh(entry.value),
    dispose: (entry, key) => forgetKey(entry.repositoryId, key),
    noDisposeOnSet: true,
  });
  let version = 0;

  function forgetKey(repositoryId: number, key: string): void {
    const keys = keysOfRepository.get(repositoryId);
    if (keys?.delete(key) && keys.size === 0) keysOfRepository.delete(repositoryId);
  }

  return {
    get: (key) => entries.get(key)?.value,
    get version() {
      return version;
    },
    put(key, repositoryId, value, versionBeforeRead) {
      if (versionBeforeRead !== version) return;
      // The same name may belong to a new repository by now: no index entry of the old one may stay.
      entries.delete(key);
      entries.set(key, { repositoryId, value });
      if (!entries.has(key)) return; // heavier than the whole cache
      const keys = keysOfRepository.get(repositoryId);
      if (keys === undefined) keysOfRepository.set(repositoryId, new Set([key]));
      else keys.add(key);
    },
    delete: (key) => void entries.delete(key),
    forget(change) {
      version += 1;
      if (change.kind === 'everything') {
        entries.clear();
        return;
      }
      for (const id of change.ids) {
        for (const key of [...(keysOfRepository.get(id) ?? [])]) entries.delete(key);
      }
    },
    get weight() {
      return entries.calculatedSize;
    },
  };
}
