/** Which Longshore this is, and whether it runs from a clone or as an installed package. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const packageFile = new URL('../package.json', import.meta.url);

export const version: string = JSON.parse(readFileSync(packageFile, 'utf8')).version;

/** The root of the clone; undefined in an installed package, whose code is compiled. */
export const cloneRoot: string | undefined = import.meta.url.endsWith('.ts')
  ? fileURLToPath(new URL('..', import.meta.url))
  : undefined;
