/** Finds what a file imports, type imports, dynamic imports and worker files included. */
import { posix } from 'node:path';
import type { SourceFile } from './source-files.ts';

export interface Import {
  /** As written: `node:fs`, `kysely`, `../ports/clock.ts`. */
  readonly specifier: string;
  /** Path from the root when it is a file of ours. */
  readonly path: string | undefined;
  /** Erased before the program runs. */
  readonly typeOnly: boolean;
  /** Loaded only when the program comes to it: `import('…')`. */
  readonly onDemand: boolean;
}

const forms = [
  /^\s*(?:import|export)(?<type>\stype)?\s[^'";]*?\sfrom\s*['"](?<specifier>[^'"]+)['"]/gm,
  /^\s*import\s*['"](?<specifier>[^'"]+)['"]/gm,
  /\bimport\(\s*['"](?<specifier>[^'"]+)['"]/g,
  /new URL\(\s*['"](?<specifier>\.[^'"]+\.ts)['"]\s*,\s*import\.meta\.url/g,
];

export function importsOf(file: SourceFile): Import[] {
  const code = file.text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '');
  return forms
    .flatMap((form) => [...code.matchAll(form)])
    .map((match) => {
      const specifier = match.groups?.specifier ?? '';
      return {
        specifier,
        path: specifier.startsWith('.') ? posix.join(posix.dirname(file.path), specifier) : undefined,
        typeOnly: match.groups?.type !== undefined,
        onDemand: match[0].startsWith('import('),
      };
    });
}
