/**
 * Where every object of the file system blob store lies, and the only place that makes a path of it:
 *
 *     <directory>/
 *       installation                               the mark: whose store this is
 *       uploads/2026-11-22.<random>                an upload; its name is the upload's key
 *       sha256/2026-11-22/<hex>.<random>           a committed object; its path from sha256/ on is the blob's location
 *       sha512/2026-11-22/<hex>.<random>
 *
 * The random part is that of the upload's key. So a location is used once and never again (removing an old object cannot hit
 * a newer one), and the location of an upload under a digest is known before it is moved there (a commit that a crash cut off
 * between its rename and the row can be done again). The day is that on which the upload began: what is pushed at the same
 * time lies in one directory, whose sync its pushers share. An operator checks a file with `sha256sum`: its name begins
 * with what must come out. Nothing that a client sent becomes part of a path.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DigestAlgorithm } from '../../../ports/blob-store.ts';
import { splitDigest } from '../split-digest.ts';

const KEY = /^(\d{4}-\d\d-\d\d)\.([0-9a-f]{32})$/;
const LOCATION =
  /^(?:sha256\/(\d{4}-\d\d-\d\d)\/[0-9a-f]{64}|sha512\/(\d{4}-\d\d-\d\d)\/[0-9a-f]{128})\.([0-9a-f]{32})$/;

export const ALGORITHMS: readonly DigestAlgorithm[] = ['sha256', 'sha512'];

/** Whose store this is. No upload and no object has such a name. */
export const MARK = 'installation';

/** The key of an upload that begins now. */
export function newUploadKey(now: number): string {
  return `${new Date(now).toISOString().slice(0, 10)}.${randomBytes(16).toString('hex')}`;
}

export function isUploadKey(text: string): boolean {
  return KEY.test(text);
}

export function isLocation(text: string): boolean {
  return LOCATION.test(text);
}

/** Path of an upload. Throws a TypeError for a key that this store never gave out. */
export function uploadPath(directory: string, key: string): string {
  if (!isUploadKey(key)) throw new TypeError('Not an upload key of this blob store.');
  return join(directory, 'uploads', key);
}

/** Path of a committed object. Throws a TypeError for a location that this store never gave out. */
export function objectPath(directory: string, location: string): string {
  if (!isLocation(location)) throw new TypeError('Not a location of this blob store.');
  return join(directory, location);
}

/** Where the upload `key` comes to lie as `digest`. Throws a TypeError when either is malformed. */
export function locationOf(key: string, digest: string): string {
  const [, day, random] = KEY.exec(key) ?? [];
  const { algorithm, hex } = splitDigest(digest);
  if (!day) throw new TypeError('Not an upload key of this blob store.');
  return `${algorithm}/${day}/${hex}.${random}`;
}

/** The key of the upload that wrote the object, or is it. */
export function uploadOf(name: string): string {
  const [, day256, day512, random] = LOCATION.exec(name) ?? [];
  return random === undefined ? name : `${day256 ?? day512}.${random}`;
}

/** Where the upload `key` may have come to lie under any digest: in one of these directories, with a name that ends so. */
export function placesOf(key: string): { directories: string[]; ending: string } {
  const [, day, random] = KEY.exec(key) ?? [];
  if (!day) throw new TypeError('Not an upload key of this blob store.');
  return { directories: ALGORITHMS.map((algorithm) => join(algorithm, day)), ending: `.${random}` };
}
