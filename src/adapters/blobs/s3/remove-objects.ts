/** Takes objects and multipart uploads away: one by its name, or all that an upload ever began. */
import type { OpenUpload } from '../../../ports/blob-store.ts';
import { locationsOf, multipartName, splitName } from './object-names.ts';
import type { StoreContext } from './store-context.ts';
import { multipartNames, NOTHING, readState, type UploadState } from './upload-state.ts';

/** See BlobStore.remove; a name with an id is that of a multipart upload. */
export function removeNamed(store: StoreContext, name: string): Promise<void> {
  const { location, multipartId } = splitName(name);
  return multipartId === undefined ? store.s3.remove(location) : store.s3.abandon(location, multipartId);
}

/**
 * See BlobStore.abort. First what the state names; then what lost attempts left, which only a list shows. A list may lag
 * behind, so that something new may stay: the sweep finds it.
 *
 * What this process has committed stays, though it may be the upload's tail: its row may have been written by a transaction whose answer was lost. That of
 * another process needs no such care: whoever aborts has seen to it that nobody else can write that row.
 */
export async function abortUpload(store: StoreContext, { key, state }: OpenUpload): Promise<void> {
  store.digests.forget(key);
  const committed = store.committed.get(key);
  const remove = async (name: string) => {
    if (name !== committed) await removeNamed(store, name);
  };
  const known = stateOfOurs(state);
  const named = [...multipartNames(known), ...known.leftovers];
  if (known.tail) named.push(known.tail.location);
  for (const name of named) await remove(name);
  const beginning = locationsOf(key);
  for await (const page of store.s3.listMultiparts(beginning)) {
    for (const { location, id } of page) await remove(multipartName(location, id));
  }
  for await (const page of store.s3.list(beginning)) {
    for (const { location } of page) await remove(location);
  }
}

/** What another kind of store wrote names nothing here. */
function stateOfOurs(state: string): UploadState {
  try {
    return readState(state);
  } catch {
    return NOTHING;
  }
}
