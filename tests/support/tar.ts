/** Writes small ustar archives in memory: layers, OCI archives, docker archives. https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html */
export interface TarEntry {
  /** At most 100 bytes; a name that ends in a slash is a directory. */
  readonly name: string;
  readonly content?: Uint8Array;
  readonly mode?: number;
}

const block = 512;

/** The same entries always give the same bytes: owner root, time zero. Throws for names that do not fit. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? Buffer.alloc(0));
    parts.push(headerOf(entry, content.length), content, Buffer.alloc((block - (content.length % block)) % block));
  }
  parts.push(Buffer.alloc(2 * block));
  return Buffer.concat(parts);
}

function headerOf(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.name) > 100) throw new Error(`tar name is longer than 100 bytes: ${entry.name}`);
  const directory = entry.name.endsWith('/');
  const header = Buffer.alloc(block);
  header.write(entry.name, 0, 'utf8');
  header.write(octal(entry.mode ?? (directory ? 0o755 : 0o644), 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write(directory ? '5' : '0', 156);
  header.write('ustar\x0000', 257, 'latin1');
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')}\x00 `, 148, 'latin1');
  return header;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\x00`;
}
