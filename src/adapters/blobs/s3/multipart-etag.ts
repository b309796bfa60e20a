/** The ETag that most stores give to what a multipart upload made: it tells of which parts. Pure. */
import { createHash } from 'node:crypto';
import type { StoredPart } from './upload-state.ts';

const MD5 = /^"([0-9a-f]{32})"$/;

/** S3's own way for parts whose ETags are MD5s: the MD5 of those, and their number. Undefined for other ETags. */
export function multipartEtag(parts: readonly StoredPart[]): string | undefined {
  const hash = createHash('md5');
  for (const { etag } of parts) {
    const [, hex] = MD5.exec(etag) ?? [];
    if (!hex) return undefined;
    hash.update(hex, 'hex');
  }
  return `"${hash.digest('hex')}-${parts.length}"`;
}
