/** What services must know of the installation's settings; made by app/ from config.ts. */
export interface ServiceSettings {
  readonly defaultAccountId: string;
  readonly defaultRegion: string;
  /** `http` or `https`, for proxyEndpoint and download URLs. */
  readonly scheme: 'http' | 'https';
  /** Host (with port) under which the registry of an account and region is reached, from the setting `registry-host`. */
  readonly registryHost: (accountId: string, region: string) => string;
  /** Whether the registry protocol takes an index whose manifests are not all here. */
  readonly acceptSparseIndexes: boolean;
  /** How long an unreferenced layer stays, and an upload without progress, in ms. */
  readonly layerGracePeriodMs: number;
  readonly uploadExpiryMs: number;
  /** Whether other processes serve the same uploads: then each is claimed in the database by the request that works on it. */
  readonly sharedUploads: boolean;
  /** How long a URL lasts to which GET of a layer is redirected, in ms; undefined when layers are sent through this server. */
  readonly redirectBlobsMs: number | undefined;
}
