/** Keeps the shape of the code: the walls of docs/architecture, small files, honest names and documents. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { describe, test } from 'node:test';
import { findCycle } from './architecture/find-cycle.ts';
import { importsOf } from './architecture/imports-of.ts';
import { filesIn, isTestFile, root, type SourceFile } from './architecture/source-files.ts';
import { wallBetween } from './architecture/walls.ts';

const code = filesIn(['src', 'tests', 'bench', 'scripts'], ['.ts', '.mts']);
const source = code.filter(({ path }) => path.startsWith('src/'));
const product = source.filter(({ path }) => !isTestFile(path));
const documents = filesIn(['.'], ['.md']);
const ignored = readFileSync(join(root, '.gitignore'), 'utf8')
  .split('\n')
  .filter((line) => line.endsWith('/'))
  .map((line) => line.replace(/^\//, ''));
const packageFile = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Tables printed or checked in as data; nobody reads them from top to bottom. */
const isTable = (path: string) => /\.(generated|table)\.ts$|\/model\/[^/]+\.ts$/.test(path);

describe('walls', () => {
  // Unit tests beside the code are exempt: they put the real memory or file adapters behind a port instead of mocks.
  test('each part of src imports only what the design allows', () => {
    const breaches = product.flatMap((file) =>
      importsOf(file).flatMap(({ path }) => {
        if (path === undefined) return [];
        const reason = path.startsWith('src/') ? wallBetween(file.path, path) : 'src imports nothing outside src';
        return reason === undefined ? [] : [`${file.path} -> ${path}: ${reason}`];
      }),
    );
    assert.deepEqual(breaches, []);
  });

  test('the walls themselves refuse what they should', () => {
    assert.notEqual(wallBetween('src/services/ecr/faults.ts', 'src/adapters/sql/sqlite/open-sqlite.ts'), undefined);
    assert.notEqual(wallBetween('src/services/ecr/faults.ts', 'src/edges/http/exchange.ts'), undefined);
    assert.notEqual(wallBetween('src/edges/oci/blobs.ts', 'src/edges/aws-json/aws-json-edge.ts'), undefined);
    assert.notEqual(wallBetween('src/adapters/sql/sqlite/open-sqlite.ts', 'src/adapters/keys/key-file.ts'), undefined);
    assert.notEqual(wallBetween('src/lib/oci/digest.ts', 'src/ports/clock.ts'), undefined);
    assert.notEqual(wallBetween('src/cli/serve.ts', 'src/adapters/sql/sqlite/open-sqlite.ts'), undefined);
    assert.equal(wallBetween('src/app/start-app.ts', 'src/adapters/sql/sqlite/open-sqlite.ts'), undefined);
    assert.equal(wallBetween('src/edges/oci/blobs.ts', 'src/edges/http/exchange.ts'), undefined);
    assert.equal(wallBetween('src/adapters/blobs/filesystem/a.ts', 'src/adapters/blobs/b.ts'), undefined);
  });

  test('the product imports only node and its declared dependencies', () => {
    const declared = new Set(Object.keys(packageFile.dependencies));
    const optional = new Set(Object.keys(packageFile.optionalDependencies));
    const known = new Set([...declared, ...optional, ...Object.keys(packageFile.devDependencies)]);
    const foreign = product.flatMap((file) =>
      importsOf(file).flatMap(({ specifier, path, typeOnly, onDemand }) => {
        if (path !== undefined || specifier.startsWith('node:')) return [];
        const name = specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/');
        // What may be missing is loaded in one place, and only when it is needed.
        if (onDemand && optional.has(name) && file.path === 'src/adapters/blobs/s3/load-sdk.ts') return [];
        return (typeOnly ? known : declared).has(name) ? [] : [`${file.path} -> ${specifier}`];
      }),
    );
    assert.deepEqual(foreign, []);
  });

  test('tests with real clients reach nothing of src, not even through others', () => {
    const byPath = new Map(code.map((file) => [file.path, file]));
    const reached = new Set<string>();
    const queue = code.filter(({ path }) => path.startsWith('tests/e2e/')).map(({ path }) => path);
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      const file = byPath.get(path);
      if (file === undefined || reached.has(path)) continue;
      reached.add(path);
      queue.push(...importsOf(file).flatMap((imported) => imported.path ?? []));
    }
    assert.deepEqual(
      [...reached].filter((path) => path.startsWith('src/')),
      [],
    );
  });
});

// Types are left out: a context that names the caches of a noun, and the noun that takes that context, do not depend on each other's code.
describe('cycles', () => {
  test('no file reaches itself', () => {
    const graph = new Map(product.map((file) => [file.path, new Set(runtimeImports(file))]));
    assert.equal(findCycle(graph)?.join(' -> '), undefined);
  });

  test('no noun folder of a service reaches itself', () => {
    const graph = new Map<string, Set<string>>();
    for (const file of product) {
      const from = nounOf(file.path);
      const targets = graph.get(from) ?? new Set<string>();
      for (const path of runtimeImports(file)) if (nounOf(path) !== from) targets.add(nounOf(path));
      graph.set(from, targets);
    }
    assert.equal(findCycle(graph)?.join(' -> '), undefined);
  });

  test('a cycle is found where there is one', () => {
    const graph = new Map([
      ['a', new Set(['b'])],
      ['b', new Set(['c'])],
      ['c', new Set(['b'])],
    ]);
    assert.deepEqual(findCycle(graph), ['b', 'c', 'b']);
    assert.equal(findCycle(new Map([['a', new Set(['b'])]])), undefined);
  });
});

describe('files', () => {
  test('files are named in kebab-case and never after a drawer', () => {
    const drawers = new Set(['utils', 'util', 'common', 'helpers', 'helper', 'manager', 'misc', 'index']);
    const wrong = code.filter(({ path }) => {
      const [name = ''] = posix.basename(path).split('.');
      const words = [...posix.dirname(path).split('/'), name].flatMap((part) => part.split('-'));
      return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || words.some((word) => drawers.has(word));
    });
    assert.deepEqual(paths(wrong), []);
  });

  test('no file only passes on what others export', () => {
    assert.deepEqual(paths(source.filter(({ text }) => /^export \*/m.test(text))), []);
  });

  test('a file above 300 lines says why it is ("Long because …"), none has more than 500', () => {
    const long = code.filter(({ path, text }) => {
      if (isTable(path)) return false;
      const lines = text.split('\n').length - 1;
      return lines > 500 || (lines > 300 && !/Long because/.test(text));
    });
    assert.deepEqual(paths(long), []);
  });

  test('every file begins by saying what it is for', () => {
    // A unit test is named after the file it stands beside, which says it already.
    const silent = code.filter(({ path, text }) => !isUnitTest(path) && !/^(#!.*\n)?\s*(\/\*|\/\/)/.test(text));
    assert.deepEqual(paths(silent), []);
  });

  test('every test is run by .ci/run', () => {
    const patterns = [...readFileSync(join(root, '.ci/run'), 'utf8').matchAll(/'([^']+\.test\.ts)'/g)];
    const run = (path: string) => patterns.some(([, pattern = '']) => posix.matchesGlob(path, pattern));
    const tests = code.filter(({ path }) => path.endsWith('.test.ts'));
    assert.ok(tests.length > 0);
    assert.deepEqual(
      paths(tests).filter((path) => !run(path)),
      [],
    );
  });

  test('no test is left alone with .only', () => {
    assert.deepEqual(
      paths(code.filter(({ text }) => /\b(test|it|describe|suite)\.only\s*\(|\bonly: true/.test(text))),
      [],
    );
  });

  test('the compiler keeps its strictness and refuses what cannot be erased', () => {
    const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
    for (const name of ['strict', 'erasableSyntaxOnly', 'verbatimModuleSyntax', 'noUncheckedIndexedAccess']) {
      assert.equal(compilerOptions[name], true, name);
    }
  });

  test('nothing names the machine it was written on', () => {
    // A checkout directly below / could be called like one of our own folders; it proves nothing then.
    const places = [root, homedir()].filter((place) => place === homedir() || place.lastIndexOf('/') > 0);
    const everything = [...code, ...documents, ...filesIn(['.ci', 'bin', 'package.json', 'tsconfig.json'], [''])];
    const telling = everything.filter(({ text }) =>
      places.some((place) =>
        text
          .split(`${place}/`)
          .slice(0, -1)
          .some((before) => !/[\w.}]$/.test(before)),
      ),
    );
    assert.deepEqual(paths(telling), []);
  });
});

describe('documents', () => {
  test('files and folders they name are there', () => {
    const missing = documents.flatMap(({ path, text }) =>
      namedPaths(text)
        .filter((named) => !isIgnored(named) && !existsSync(join(root, named)))
        .map((named) => `${path} names ${named}`),
    );
    assert.deepEqual(missing, []);
  });

  test('their links lead somewhere', () => {
    const missing = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)]
        .map((match) => join(dirname(path), match[1] ?? ''))
        .filter((target) => !existsSync(join(root, target)))
        .map((target) => `${path} links to ${target}`),
    );
    assert.deepEqual(missing, []);
  });

  test('scripts of package.json name files that are there', () => {
    const named = Object.values<string>(packageFile.scripts).flatMap((script) => [
      ...script.matchAll(/(?:^|\s)((?:bin|scripts|tests|bench|\.ci)\/[\w./-]+)(?=\s|$)/g),
    ]);
    assert.deepEqual(
      named.map((match) => match[1] ?? '').filter((path) => !existsSync(join(root, path))),
      [],
    );
  });
});

function runtimeImports(file: SourceFile): string[] {
  return importsOf(file).flatMap(({ path, typeOnly }) => (path === undefined || typeOnly ? [] : [path]));
}

function isUnitTest(path: string): boolean {
  return path.startsWith('src/') && path.endsWith('.test.ts');
}

/** `src/services/ecr/images`; a file that lies beside the nouns stands for itself. */
function nounOf(path: string): string {
  const noun = /^src\/services\/[^/]+\/[^/]+(?=\/)/.exec(path);
  return noun?.[0] ?? path;
}

/** Paths between backticks that stand below a folder of ours; patterns and placeholders are left alone. */
function namedPaths(text: string): string[] {
  return [...text.matchAll(/`((?:src|tests|bench|docs|scripts|bin|runtime|\.ci)\/[\w./-]*)`/g)].map(
    (match) => match[1] ?? '',
  );
}

/** Made by a run, not part of a clone. */
function isIgnored(path: string): boolean {
  return ignored.some((folder) => path.startsWith(folder));
}

function paths(files: readonly { readonly path: string }[]): string[] {
  return files.map(({ path }) => path);
}
