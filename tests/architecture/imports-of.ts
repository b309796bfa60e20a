/** Finds what a file imports, type imports, dynamic imports and worker files included. */
import { posix } from 'node:path';
import type { SourceFile } from './source-files.ts';

export interface Import {
  /** As written: `node:fs`, `kysely`, `../ports/clock.ts`. */
  readonly specifier: string;
  /** Path from the root when it is a file of ours. */
  readonly path: string | undefined;
}

const forms = [
  /^\s*(?:import|export)\s[^'";]*?\sfrom\s*['"]([^'"]+)['"]/gm,
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g,
  /new URL\(\s*['"](\.[^'"]+\.ts)['"]\s*,\s*import\.meta\.url/g,
];

export function importsOf(file: SourceFile): Import[] {
  const code = file.text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '');
  return forms
    .flatMap((form) => [...code.matchAll(form)].map((match) => match[1] ?? ''))
    .map((specifier) => ({
      specifier,
      path: specifier.startsWith('.') ? posix.join(posix.dirname(file.path), specifier) : undefined,
    }));
}
