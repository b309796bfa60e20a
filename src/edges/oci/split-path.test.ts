import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type OciPath, splitPath } from './split-path.ts';

const digest = `sha256:${'a'.repeat(64)}`;

const cases: readonly [path: string, expected: OciPath | 'unknown' | 'malformed'][] = [
  ['/v2/', { kind: 'base', name: '', target: '' }],
  ['/v2', { kind: 'base', name: '', target: '' }],
  ['/v2/_catalog', { kind: 'catalog', name: '', target: '' }],
  ['/v2/app/tags/list', { kind: 'tags', name: 'app', target: '' }],
  ['/v2/a/b/c/tags/list', { kind: 'tags', name: 'a/b/c', target: '' }],
  ['/v2/app/manifests/latest', { kind: 'manifest', name: 'app', target: 'latest' }],
  ['/v2/app/manifests/list', { kind: 'manifest', name: 'app', target: 'list' }],
  [`/v2/a/b/manifests/${digest}`, { kind: 'manifest', name: 'a/b', target: digest }],
  [`/v2/app/manifests/${digest.replace(':', '%3A')}`, { kind: 'manifest', name: 'app', target: digest }],
  [`/v2/%61pp/manifests/%6catest`, { kind: 'manifest', name: 'app', target: 'latest' }],
  [`/v2/app/blobs/${digest}`, { kind: 'blob', name: 'app', target: digest }],
  ['/v2/app/blobs/uploads/', { kind: 'uploads', name: 'app', target: '' }],
  ['/v2/app/blobs/uploads', { kind: 'uploads', name: 'app', target: '' }],
  ['/v2/app/blobs/uploads/id', { kind: 'upload', name: 'app', target: 'id' }],
  [`/v2/app/referrers/${digest}`, { kind: 'referrers', name: 'app', target: digest }],
  // Repositories may be called like endpoints: only the end of the path decides.
  ['/v2/blobs/uploads/manifests/v1', { kind: 'manifest', name: 'blobs/uploads', target: 'v1' }],
  ['/v2/manifests/manifests/manifests', { kind: 'manifest', name: 'manifests', target: 'manifests' }],
  ['/v2/tags/list/tags/list', { kind: 'tags', name: 'tags/list', target: '' }],
  ['/v2/blobs/blobs/uploads/', { kind: 'uploads', name: 'blobs', target: '' }],
  ['/v2/-/layers/token', { kind: 'download', name: '', target: 'token' }],
  ['/v2/app/manifests/', { kind: 'manifest', name: 'app', target: '' }],
  ['/v2/manifests/latest', 'unknown'],
  ['/v2/tags/list', 'unknown'],
  ['/v2/blobs/uploads/', 'unknown'],
  ['/v2/app', 'unknown'],
  ['/v2/app/', 'unknown'],
  ['/v2/app/tags', 'unknown'],
  ['/v1/app/manifests/latest', 'unknown'],
  ['/v2app/manifests/latest', 'unknown'],
  ['/v2/app%2Fb/manifests/latest', 'malformed'],
  ['/v2/app/manifests/%zz', 'malformed'],
  ['/v2/app/manifests/%u0041', 'malformed'],
  ['/v2/app/manifests/%', 'malformed'],
  ['/v2/app/manifests/%4', 'malformed'],
  ['/v2/app/manifests/a%00b', 'malformed'],
  ['/v2/app/manifests/%c3%a9', 'malformed'],
];

for (const [path, expected] of cases) {
  test(`splitPath ${path}`, () => assert.deepEqual(splitPath(path), expected));
}

test('a name and a reference always come back as they were put in', () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const name = fc.array(fc.oneof(component, fc.constantFrom('blobs', 'manifests', 'tags', 'uploads')), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(name, fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,40}$/), (parts, tag) => {
      const joined = parts.join('/');
      assert.deepEqual(splitPath(`/v2/${joined}/manifests/${tag}`), { kind: 'manifest', name: joined, target: tag });
      assert.deepEqual(splitPath(`/v2/${joined}/tags/list`), { kind: 'tags', name: joined, target: '' });
    }),
  );
});

test('no path whatever makes it throw, and no slash is smuggled in through an escape', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const path = splitPath(`/v2/${text}/manifests/x`);
      if (typeof path === 'object' && path.kind === 'manifest') {
        assert.equal(path.name.split('/').length, text.split('/').length);
      }
    }),
  );
});
