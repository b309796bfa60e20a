/** Names what lies in the store, for the background sweep, page by page. Objects that are not ours are neither named nor touched. */
import type { ListedObject } from '../../../ports/blob-store.ts';
import { multipartName, uploadOf } from './object-names.ts';
import type { S3Store } from './s3-store.ts';

/**
 * See BlobStore.listObjects: objects, by their location, and multipart uploads that were never completed, each with the key of the upload that wrote
 * it. Their age is that of the store's own time; S3 counts that of a large object from the beginning of its upload.
 */
export async function* listObjects(s3: S3Store, now: () => number): AsyncGenerator<readonly ListedObject[]> {
  const listed = (location: string, name: string, at: Date | undefined): ListedObject[] => {
    const upload = uploadOf(location);
    return upload === undefined || at === undefined ? [] : [{ name, upload, ageMs: Math.max(0, now() - at.getTime()) }];
  };
  for await (const page of s3.listMultiparts('blobs/')) {
    yield page.flatMap(({ location, id, at }) => listed(location, multipartName(location, id), at));
  }
  for await (const page of s3.list('blobs/')) {
    yield page.flatMap(({ location, at }) => listed(location, location, at));
  }
}
