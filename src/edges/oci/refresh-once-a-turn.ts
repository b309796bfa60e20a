/**
 * Spares the hot path most of its questions to the database. What a turn of the event loop reads from its sockets had been sent before
 * the turn began, so one look at the database, at the first request of the turn, shows every change that was acknowledged before
 * any of them was sent. Under load a turn reads many requests, and the look costs as much as all else here.
 */
import type { Metadata } from '../../ports/metadata.ts';

/** The same metadata, whose `refresh` asks at most once between two rounds of the event loop; always where it takes a promise. */
export function refreshOnceATurn<Port extends Pick<Metadata, 'refresh'>>(metadata: Port): Port {
  let fresh = false;
  const turnEnds = () => {
    fresh = false;
  };
  function refresh(): void | Promise<void> {
    if (fresh) return undefined;
    const refreshing = metadata.refresh();
    if (refreshing === undefined) {
      fresh = true;
      // Runs right after the sockets that are ready have been read.
      setImmediate(turnEnds);
    }
    return refreshing;
  }
  return { ...metadata, refresh };
}
