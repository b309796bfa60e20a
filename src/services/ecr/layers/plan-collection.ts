/** What garbage collection would remove now, and how many bytes that frees: for `longshore gc --dry-run`. Changes nothing. */
import type { ExpiredLayer } from '../../../ports/garbage-store.ts';
import type { RegistryId } from '../../../ports/records.ts';
import { type CollectContext, expiryOf } from './collect-layers.ts';

export interface PlannedRepository extends RegistryId {
  readonly repositoryName: string;
  /** Whether the repository itself was deleted, so that all it has goes. */
  readonly deleted: boolean;
  readonly images: number;
  readonly layers: number;
  /** A blob that several repositories show counts once, for the first of them; one that another needs counts nowhere. */
  readonly bytes: number;
}

export interface CollectionPlan {
  readonly repositories: readonly PlannedRepository[];
  /** Stored layers that no repository shows any more. */
  readonly unshown: { readonly layers: number; readonly bytes: number };
  readonly bytes: number;
}

const pageSize = 500;

/** Reads in pages, so that nobody waits; what changes meanwhile may be counted or not. */
export async function planCollection(context: Omit<CollectContext, 'blobs'>): Promise<CollectionPlan> {
  const expiry = expiryOf(context);
  const repositories = [...(await planExpired(context, expiry.renewedBefore)), ...(await planDeleted(context))];
  const unshown = await planUnshown(context, expiry.createdBefore);
  const bytes = repositories.reduce((sum, repository) => sum + repository.bytes, unshown.bytes);
  return { repositories, unshown, bytes };
}

type Metadata = Pick<CollectContext, 'metadata'>;

async function planExpired({ metadata }: Metadata, renewedBefore: number): Promise<PlannedRepository[]> {
  const planned = new Map<number, PlannedRepository>();
  const counted = new Set<number>();
  let after: ExpiredLayer | undefined;
  for (;;) {
    const last = after;
    const page = await metadata.read((tx) =>
      tx.garbage.listExpiredLayers({ renewedBefore, limit: pageSize, ...(last !== undefined && { after: last }) }),
    );
    for (const { repositoryId, registry, repositoryName, blobId, blobStays, size } of page) {
      const known = planned.get(repositoryId) ?? {
        ...registry,
        repositoryName,
        deleted: false,
        images: 0,
        layers: 0,
        bytes: 0,
      };
      const freed = blobStays || counted.has(blobId) ? 0 : size;
      counted.add(blobId);
      planned.set(repositoryId, { ...known, layers: known.layers + 1, bytes: known.bytes + freed });
    }
    after = page.at(-1);
    if (after === undefined) return [...planned.values()];
  }
}

async function planDeleted({ metadata }: Metadata): Promise<PlannedRepository[]> {
  const planned: PlannedRepository[] = [];
  for (let after = 0; ; ) {
    // Each is a sum over all a repository has: one at a time.
    const [found] = await metadata.read((tx) => tx.garbage.listDeletedRepositories({ after, limit: 1 }));
    if (found === undefined) return planned;
    const { id, registry, ...rest } = found;
    planned.push({ ...registry, ...rest, deleted: true });
    after = id;
  }
}

async function planUnshown({ metadata }: Metadata, createdBefore: number): Promise<{ layers: number; bytes: number }> {
  let layers = 0;
  let bytes = 0;
  for (let after = 0; ; ) {
    const page = await metadata.read((tx) => tx.blobs.listUnreferenced({ after, limit: pageSize, createdBefore }));
    for (const { size } of page) bytes += size;
    layers += page.length;
    const last = page.at(-1);
    if (last === undefined) return { layers, bytes };
    after = last.id;
  }
}
