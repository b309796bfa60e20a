/** ECR's use cases on a real SQLite and blobs in memory, with a clock that tests move: for unit tests beside the code. */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { type MemoryObjects, memoryBlobs } from '../../src/adapters/blobs/memory-blobs.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite/open-sqlite.ts';
import { sha256Digest } from '../../src/lib/oci/digest.ts';
import type { Metadata } from '../../src/ports/metadata.ts';
import { rootCaller } from '../../src/services/caller.ts';
import { createEcrService, type EcrService } from '../../src/services/ecr/ecr-service.ts';
import { pushImage } from '../../src/services/ecr/images/push-image.ts';
import { uploadWholeLayer } from '../../src/services/ecr/layers/upload-whole-layer.ts';
import type { RepositoryRef } from '../../src/services/ecr/repositories/repository-ref.ts';
import { confirmLayerStore } from '../../src/services/integrity/layer-store-mark.ts';
import type { OperationContext } from '../../src/services/operation.ts';
import type { ServiceSettings } from '../../src/services/settings.ts';
import type { TestImage } from './make-image.ts';

export const accountId = '123456789012';
export const region = 'eu-west-1';
export const hour = 60 * 60 * 1000;

export interface MemoryEcr {
  readonly ecr: EcrService;
  readonly context: OperationContext;
  /** What lies in the blob store, to be damaged. */
  readonly objects: MemoryObjects;
  /** Moves the clock. */
  pass(ms: number): void;
  /** A reference to a repository of the test's registry, which need not exist. */
  ref(name: string): RepositoryRef;
  createRepository(name: string, rules?: Partial<RepositoryRules>): Promise<RepositoryRef>;
  pushLayer(ref: RepositoryRef, bytes: Uint8Array): Promise<string>;
  /** Pushes config, layers and manifest; answers the digest. */
  push(ref: RepositoryRef, image: TestImage, ...tags: string[]): Promise<string>;
  close(): Promise<void>;
}

type RepositoryRules = Pick<
  Awaited<ReturnType<typeof repositoryDefaults>>,
  'tagMutability' | 'exclusionFilters' | 'scanOnPush'
>;

/** Given another's metadata and objects, it is a second node on the same. */
export async function createMemoryEcr(
  settings: Partial<ServiceSettings> = {},
  shared: { readonly metadata?: Metadata; readonly objects?: MemoryObjects } = {},
): Promise<MemoryEcr> {
  let now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  const objects: MemoryObjects = shared.objects ?? new Map();
  const ports = {
    metadata: shared.metadata ?? (await openSqlite({ path: ':memory:' })),
    blobs: memoryBlobs(objects, { now: () => now }),
    clock: { now: () => now },
    keys: { dockerToken: randomBytes(32), pageToken: randomBytes(32), seal: randomBytes(32) },
  };
  await ports.metadata.write((tx) => tx.accounts.add({ accountId, createdAt: now }));
  await confirmLayerStore(ports, { name: 'memory', mark: 'memory' });
  const allSettings: ServiceSettings = {
    defaultAccountId: accountId,
    defaultRegion: region,
    scheme: 'https',
    registryHost: (account, itsRegion) => `${account}.dkr.ecr.${itsRegion}.example.com`,
    acceptSparseIndexes: false,
    layerGracePeriodMs: 24 * hour,
    uploadExpiryMs: 24 * hour,
    sharedUploads: false,
    redirectBlobsMs: undefined,
    ...settings,
  };
  const ecr = createEcrService(ports, allSettings);
  const caller = rootCaller(accountId, 'AKIAEXAMPLE');
  const ref = (name: string) => ({ accountId, region, name });
  const pushLayer = async (target: RepositoryRef, bytes: Uint8Array) => {
    const digest = sha256Digest(bytes);
    await uploadWholeLayer(ecr, target, digest, Readable.from([bytes]));
    return digest;
  };
  return {
    ecr,
    context: { ports, ecr, settings: allSettings, caller, region, requestId: 'test' },
    objects,
    pass: (ms) => {
      now += ms;
    },
    ref,
    async createRepository(name, rules = {}) {
      await ports.metadata.write((tx) => tx.repositories.add({ ...repositoryDefaults(now), ...ref(name), ...rules }));
      return ref(name);
    },
    pushLayer,
    async push(target, image, ...tags) {
      for (const { bytes } of [image.config, ...image.layers]) await pushLayer(target, bytes);
      const { image: pushed } = await pushImage(ecr, target, {
        manifest: image.bytes,
        mediaType: image.mediaType,
        tags,
      });
      return pushed.digest;
    },
    async close() {
      await ports.blobs.close();
      await ports.metadata.close();
    },
  };
}

function repositoryDefaults(createdAt: number) {
  return {
    createdAt,
    tagMutability: 'MUTABLE' as 'MUTABLE' | 'IMMUTABLE' | 'MUTABLE_WITH_EXCLUSION' | 'IMMUTABLE_WITH_EXCLUSION',
    exclusionFilters: [] as readonly { filterType: 'WILDCARD'; filter: string }[],
    scanOnPush: false,
    encryptionType: 'AES256' as const,
    resourceTags: [],
  };
}
