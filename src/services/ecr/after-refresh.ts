/** Answers from a cache without a turn of the event loop wherever the database allows it: the paths that must be fast. */
import type { Metadata } from '../../ports/metadata.ts';

/** Calls `answer` once caches are up to date: at once where `refresh` is synchronous (SQLite). */
export function afterRefresh<T>(metadata: Pick<Metadata, 'refresh'>, answer: () => T): T | Promise<Awaited<T>> {
  const refreshing = metadata.refresh();
  return refreshing === undefined ? answer() : (refreshing.then(answer) as Promise<Awaited<T>>);
}
