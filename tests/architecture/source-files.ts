/** Reads the project's own files, so that the architecture test can look at them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What is not written by us or not part of a clone. */
const skipped = new Set(['node_modules', 'dist', 'longshore-data', '.git', 'results']);

/** All files below the folders (or single files) named, whose name ends in one of `endings`. Folders that are not there yet give none. */
export function filesIn(places: readonly string[], endings: readonly string[]): SourceFile[] {
  return places
    .flatMap((place) => pathsBelow(place))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Unit tests and the contract suites of ports, which every adapter's test runs. */
export function isTestFile(path: string): boolean {
  return /\.(test|contract)\.ts$|-contract\//.test(path);
}

function pathsBelow(place: string): string[] {
  try {
    return readdirSync(join(root, place), { withFileTypes: true }).flatMap((entry) => {
      if (skipped.has(entry.name)) return [];
      const path = place === '.' ? entry.name : `${place}/${entry.name}`;
      return entry.isDirectory() ? pathsBelow(path) : entry.isFile() ? [path] : [];
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTDIR') return [place];
    if (code === 'ENOENT') return [];
    throw error;
  }
}
