/** What a file looks like from outside. Any ordinary way of changing its bytes changes this, too. */
import type { BigIntStats } from 'node:fs';

/** ctime cannot be set by a program, so that even a tool that puts mtime back is seen. */
export function fingerprintOf(look: BigIntStats): string {
  return `${look.size}.${look.ino}.${look.mtimeNs}.${look.ctimeNs}`;
}
