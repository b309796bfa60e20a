/**
 * What every use case of ECR is handed: the ports, the settings, and what this process remembers between requests (caches,
 * pull times that are not written yet, which uploads are being worked on). Made once, by app/.
 */
import type { Ports } from '../../ports/ports.ts';
import type { RepositoryRecord, StoredLayer } from '../../ports/records.ts';
import { createMarkWatch, type MarkWatch } from '../integrity/layer-store-mark.ts';
import { createJobBell, type JobBell } from '../job-bell.ts';
import type { ServiceSettings } from '../settings.ts';
import { type ChangeAwareCache, createChangeAwareCache } from './change-aware-cache.ts';
import type { FoundImage } from './images/found-image.ts';
import { createPullTimes, type PullTimes } from './images/pull-times.ts';
import { createUploadTurns, type UploadTurns } from './layers/upload-turns.ts';
import { limits } from './limits.ts';
import { createQuota, type Quota } from './quota.ts';

export interface EcrService extends Ports {
  readonly settings: ServiceSettings;
  readonly repositoryCache: ChangeAwareCache<RepositoryRecord>;
  readonly imageCache: ChangeAwareCache<FoundImage>;
  readonly layerCache: ChangeAwareCache<StoredLayer>;
  readonly pullTimes: PullTimes;
  readonly uploadTurns: UploadTurns;
  /** Whether the blob store is still the one of this installation. */
  readonly storeMark: MarkWatch;
  /** Blobs being hashed because they look different, by location: whoever asks meanwhile waits for the same answer. */
  readonly verifying: Map<string, Promise<StoredLayer['blob'] | undefined>>;
  readonly repositoryQuota: Quota<string>;
  readonly imageQuota: Quota<number>;
  readonly jobBell: JobBell;
}

const manifestCacheBytes = 16 * 1024 * 1024;
/** What an image costs in memory besides its manifest. */
const imageOverheadBytes = 512;
const cachedRepositories = 10_000;
const cachedLayers = 10_000;

export function createEcrService(ports: Ports, settings: ServiceSettings): EcrService {
  const repositoryCache = createChangeAwareCache<RepositoryRecord>({ maxWeight: cachedRepositories, weigh: () => 1 });
  const layerCache = createChangeAwareCache<StoredLayer>({ maxWeight: cachedLayers, weigh: () => 1 });
  const imageCache = createChangeAwareCache<FoundImage>({
    maxWeight: manifestCacheBytes,
    weigh: (image) => image.manifest.byteLength + imageOverheadBytes,
  });
  ports.metadata.onChange((change) => {
    repositoryCache.forget(change);
    layerCache.forget(change);
    imageCache.forget(change);
  });
  return {
    ...ports,
    settings,
    repositoryCache,
    layerCache,
    imageCache,
    pullTimes: createPullTimes(ports),
    uploadTurns: createUploadTurns(),
    storeMark: createMarkWatch(ports),
    verifying: new Map(),
    repositoryQuota: createQuota(limits.repositoriesPerRegistry),
    imageQuota: createQuota(limits.imagesPerRepository),
    jobBell: createJobBell(),
  };
}
