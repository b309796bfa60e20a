/**
 * What objects are called, and the only place that makes a key of the store of a name:
 *
 *     <prefix>blobs/2026-11-22/<upload>.<attempt>
 *     <prefix>installation                               the mark: whose store this is
 *
 * `<upload>` is the random part of the upload's key, `2026-11-22.<upload>`; `<attempt>` is random anew for every object that is begun. So whatever an
 * earlier or lost attempt wrote, or still writes, has another name than what the upload's row says, and all that belongs to
 * an upload is found by its beginning. A location is used once and never again. The digest is not in the name: S3 cannot
 * rename, and the digest is known only after the bytes have gone up.
 */
import { randomBytes } from 'node:crypto';

const KEY = /^(\d{4}-\d\d-\d\d)\.([0-9a-f]{32})$/;
const LOCATION = /^blobs\/(\d{4}-\d\d-\d\d)\/([0-9a-f]{32})\.[0-9a-f]{16}$/;

/** Whose store this is. */
export const MARK = 'installation';

/** What `listObjects` names: an object or, with an id, a multipart upload that was never completed. */
export interface ListedName {
  readonly location: string;
  readonly multipartId: string | undefined;
}

/** The key of an upload that begins now. */
export function newUploadKey(now: number): string {
  return `${new Date(now).toISOString().slice(0, 10)}.${randomBytes(16).toString('hex')}`;
}

export function isUploadKey(text: string): boolean {
  return KEY.test(text);
}

/** How the location of every object of the upload begins. Throws a TypeError for a key that this store never gave out. */
export function locationsOf(uploadKey: string): string {
  const [, day, random] = KEY.exec(uploadKey) ?? [];
  if (!day) throw new TypeError('Not an upload key of this blob store.');
  return `blobs/${day}/${random}.`;
}

/** A new location for an object of the upload. Throws as `locationsOf`. */
export function newLocation(uploadKey: string): string {
  return `${locationsOf(uploadKey)}${randomBytes(8).toString('hex')}`;
}

/** The key of the upload that wrote what lies there; undefined when it is not a location of ours. */
export function uploadOf(location: string): string | undefined {
  const [, day, random] = LOCATION.exec(location) ?? [];
  return day && `${day}.${random}`;
}

/** The name of an open multipart upload in the list of objects. */
export function multipartName(location: string, id: string): string {
  return `${location}?${id}`;
}

/** Takes a location or the name of a multipart upload apart. Throws a TypeError for what this store never named. */
export function splitName(name: string): ListedName {
  const mark = name.indexOf('?');
  const location = mark < 0 ? name : name.slice(0, mark);
  if (!LOCATION.test(location)) throw new TypeError('Not a location of this blob store.');
  return { location, multipartId: mark < 0 ? undefined : name.slice(mark + 1) };
}
