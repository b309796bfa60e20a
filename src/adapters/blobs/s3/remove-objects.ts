/** Takes objects and multipart uploads away: one by its name, or all that an upload ever began. */
import type { OpenUpload } from '../../../ports/blob-store.ts';
import { locationsOf, splitName } from './object-names.ts';
import type { StoreContext } from './store-context.ts';
import { multipartNames, readState } from './upload-state.ts';

/** See BlobStore.remove; a name with an id is that of a multipart upload. */
export function removeNamed(store: StoreContext, name: string): Promise<void> {
  const { location, multipartId } = splitName(name);
  return multipartId === undefined ? store.s3.remove(location) : store.s3.abandon(location, multipartId);
}

/**
 * See BlobStore.abort. First what the state names; then what lost attempts left, which only a list shows. A list may lag
 * behind, so that something new may stay: the sweep finds it.
 */
export async function abortUpload(store: StoreContext, { key, state }: OpenUpload): Promise<void> {
  store.digests.forget(key);
  const known = readState(state);
  const named = [...multipartNames(known), ...known.leftovers];
  if (known.tail) named.push(known.tail.location);
  for (const name of named) await removeNamed(store, name);
  const beginning = locationsOf(key);
  for await (const page of store.s3.listMultiparts(beginning)) {
    for (const { location, id } of page) await store.s3.abandon(location, id);
  }
  for await (const page of store.s3.list(beginning)) {
    for (const { location } of page) await store.s3.remove(location);
  }
}
