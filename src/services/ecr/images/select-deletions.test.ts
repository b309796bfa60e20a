import assert from 'node:assert/strict';
import { test } from 'node:test';
import cases from './cases/deletions.json' with { type: 'json' };
import { type DeletionCandidate, selectDeletions } from './select-deletions.ts';

interface Case {
  readonly what: string;
  readonly images: Readonly<Record<string, { readonly tags: string[]; readonly parents?: string[] }>>;
  readonly requests: readonly { readonly digest: string; readonly tag?: string }[];
  readonly deleted: readonly string[];
  readonly tags: readonly string[];
  readonly removed: readonly string[];
  /** By index of the request. */
  readonly protected: Readonly<Record<string, readonly string[]>>;
}

const text = ({ digest, tag }: { digest: string; tag?: string }) => (tag === undefined ? digest : `${digest}:${tag}`);

for (const golden of cases as readonly Case[]) {
  test(golden.what, () => {
    const candidates = new Map<string, DeletionCandidate>(
      Object.entries(golden.images).map(([digest, { tags, parents = [] }]) => [digest, { digest, tags, parents }]),
    );
    const requests = golden.requests.map((request) => ({ ...request, whole: request.tag === undefined }));
    const deletions = selectDeletions(requests, candidates);
    assert.deepEqual([...deletions.images].sort(), [...golden.deleted].sort());
    assert.deepEqual(deletions.tags.map(text), golden.tags);
    assert.deepEqual(deletions.removed.map(text), golden.removed);
    const refused = deletions.protectedBy.flatMap((parents, at) =>
      parents === undefined ? [] : [[String(at), parents]],
    );
    assert.deepEqual(Object.fromEntries(refused), golden.protected);
  });
}
