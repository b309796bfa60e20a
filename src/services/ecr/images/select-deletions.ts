/** What BatchDeleteImage removes and what it refuses (behaviour page, section 10.3). Pure; golden cases in cases/deletions.json. */

/** An image that was asked for, as the repository has it. */
export interface DeletionCandidate {
  readonly digest: string;
  /** In the order in which they were added. */
  readonly tags: readonly string[];
  /** Digests of the indexes of the repository that list it. */
  readonly parents: readonly string[];
}

/** One id of the request that names an image. `tag` left out, or given together with the digest, means the whole image. */
export interface DeletionRequest {
  readonly digest: string;
  readonly tag?: string | undefined;
  readonly whole: boolean;
}

export interface Deletions {
  /** Digests of images to delete with all their tags. */
  readonly images: readonly string[];
  /** Tags to take from images that stay. */
  readonly tags: readonly { readonly digest: string; readonly tag: string }[];
  /** Every pair that is removed, in the order asked for; an untagged image is a pair without tag. */
  readonly removed: readonly { readonly digest: string; readonly tag?: string }[];
  /** For each request, in order: the indexes that protect the image, or undefined when it is carried out. */
  readonly protectedBy: readonly (readonly string[] | undefined)[];
}

export function selectDeletions(
  requests: readonly DeletionRequest[],
  candidates: ReadonlyMap<string, DeletionCandidate>,
): Deletions {
  const doomed = findDoomed(requests, candidates);
  const protectors = protect(doomed, candidates);
  const removed = new Map<string, { digest: string; tag?: string }>();
  const tags: { digest: string; tag: string }[] = [];
  const protectedBy = requests.map((request) => {
    const candidate = candidates.get(request.digest)!;
    const refused = protectors.get(request.digest);
    if (refused !== undefined) return refused;
    for (const pair of pairsOf(request, candidate)) removed.set(`${pair.digest} ${pair.tag ?? ''}`, pair);
    if (!doomed.has(request.digest)) tags.push({ digest: request.digest, tag: request.tag! });
    return undefined;
  });
  return { images: [...doomed], tags, removed: [...removed.values()], protectedBy };
}

/** Images asked for as a whole, and those that would lose their last tag. */
function findDoomed(
  requests: readonly DeletionRequest[],
  candidates: ReadonlyMap<string, DeletionCandidate>,
): Set<string> {
  const doomed = new Set<string>();
  const losing = new Map<string, Set<string>>();
  for (const { digest, tag, whole } of requests) {
    if (whole) doomed.add(digest);
    else losing.set(digest, (losing.get(digest) ?? new Set()).add(tag!));
  }
  for (const [digest, tags] of losing) {
    if (candidates.get(digest)!.tags.every((tag) => tags.has(tag))) doomed.add(digest);
  }
  return doomed;
}

/**
 * Takes out of `doomed` what an index that stays still lists, until nothing changes: an index that must stay protects its own children
 * again. Answers who protects whom.
 */
function protect(
  doomed: Set<string>,
  candidates: ReadonlyMap<string, DeletionCandidate>,
): Map<string, readonly string[]> {
  const protectors = new Map<string, readonly string[]>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const digest of doomed) {
      const staying = candidates.get(digest)!.parents.filter((parent) => !doomed.has(parent));
      if (staying.length === 0) continue;
      protectors.set(digest, staying);
      doomed.delete(digest);
      changed = true;
    }
  }
  return protectors;
}

function pairsOf(request: DeletionRequest, candidate: DeletionCandidate): { digest: string; tag?: string }[] {
  const { digest } = candidate;
  if (!request.whole) return [{ digest, tag: request.tag! }];
  return candidate.tags.length === 0 ? [{ digest }] : candidate.tags.map((tag) => ({ digest, tag }));
}
