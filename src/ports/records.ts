/** The shapes of what is stored (design, section 3). Times are milliseconds since the epoch; absence is `undefined`. */

/** One private registry: an account in a region. The same repository name in two of them is two repositories. */
export interface RegistryId {
  readonly accountId: string;
  readonly region: string;
}

export interface AccountRecord {
  readonly accountId: string;
  readonly createdAt: number;
}

/** A root access key. The secret is stored sealed (it must be recoverable to check SigV4) and never leaves the adapter unsealed by itself. */
export interface AccessKeyRecord {
  readonly accessKeyId: string;
  readonly accountId: string;
  readonly sealedSecret: Uint8Array;
  readonly createdAt: number;
}

export type TagMutability = 'MUTABLE' | 'IMMUTABLE' | 'MUTABLE_WITH_EXCLUSION' | 'IMMUTABLE_WITH_EXCLUSION';

export interface ExclusionFilter {
  readonly filterType: 'WILDCARD';
  readonly filter: string;
}

export interface ResourceTag {
  readonly Key: string;
  readonly Value: string;
}

export interface RepositoryRecord extends RegistryId {
  readonly id: number;
  readonly name: string;
  readonly createdAt: number;
  readonly tagMutability: TagMutability;
  readonly exclusionFilters: readonly ExclusionFilter[];
  readonly scanOnPush: boolean;
  readonly encryptionType: 'AES256';
  /** In the order in which they were added. */
  readonly resourceTags: readonly ResourceTag[];
}

/** One stored object, however many repositories show it. */
export interface BlobRecord {
  readonly id: number;
  readonly digest: string;
  readonly size: number;
  /** Where the blob store keeps the bytes; unique for ever, so that removing an old object can never hit a newer one. */
  readonly location: string;
  /** What the stored object looked like from outside when its bytes were last known to be good; see BlobStore. */
  readonly fingerprint: string;
  /** Set when the bytes were found not to match the digest: from then on the blob is answered as absent. */
  readonly damaged: boolean;
  readonly createdAt: number;
  /** When the bytes were last hashed and found good. */
  readonly verifiedAt: number;
}

/** A blob made visible in a repository by a push or a mount. */
export interface LayerRecord {
  readonly repositoryId: number;
  readonly digest: string;
  readonly blobId: number;
  /** Start of the grace period while no image refers to it. */
  readonly renewedAt: number;
}

/** A layer with its blob, as every look-up of a layer wants them. */
export interface StoredLayer extends LayerRecord {
  readonly blob: BlobRecord;
  /** Whether an image of the repository refers to it. */
  readonly referenced: boolean;
}

export interface ImageRecord {
  /** Grows with every first push, so that order by id is push order. */
  readonly id: number;
  readonly repositoryId: number;
  readonly digest: string;
  readonly mediaType: string;
  /** What DescribeImages calls artifactMediaType: the config's media type, or the manifest's artifactType. */
  readonly artifactMediaType: string | undefined;
  /** What the referrers API calls artifactType. */
  readonly artifactType: string | undefined;
  /** The exact bytes that were pushed. */
  readonly manifest: Uint8Array;
  /** Bytes of layers and config; of an index, of its largest child. */
  readonly imageSize: number;
  readonly subjectDigest: string | undefined;
  readonly pushedAt: number;
  readonly lastPulledAt: number | undefined;
}

/** An image in a listing, without its bytes. */
export interface ImageSummary extends Omit<ImageRecord, 'manifest'> {
  readonly manifestSize: number;
  /** In the order in which they were added. */
  readonly tags: readonly string[];
}

export interface TagRecord {
  readonly repositoryId: number;
  readonly tag: string;
  readonly imageId: number;
  /** Grows with every tag that is put; the order in which tags were added. */
  readonly sequence: number;
  readonly updatedAt: number;
}

/** An open upload. `offset` bytes are durable and were acknowledged; whatever lies beyond them in the store is not. */
export interface UploadRecord {
  readonly id: string;
  readonly repositoryId: number;
  /** The blob store's name for the bytes so far. */
  readonly objectKey: string;
  /** What the blob store wants to be told again when the upload goes on; nobody else reads it. */
  readonly state: string;
  /** Who works on it (a name made for each request) and until when others must keep off; empty and 0 when nobody does. */
  readonly holder: string;
  readonly heldUntil: number;
  readonly digestAlgorithm: 'sha256' | 'sha512';
  readonly offset: number;
  /** Parts sent through UploadLayerPart, and whether one shorter than 5 MiB was followed by another (LayerPartTooSmall). */
  readonly parts: number;
  readonly lastPartSize: number;
  readonly shortPartFollowed: boolean;
  readonly startedAt: number;
  readonly updatedAt: number;
}

/** `done` and `given-up` have ended; only somebody's `retry` lets one that was given up wait again. */
export type JobState = 'waiting' | 'running' | 'done' | 'given-up';

/** One piece of work without a request; see JobStore. */
export interface JobRecord {
  readonly id: number;
  readonly kind: string;
  readonly subject: string;
  readonly payload: unknown;
  readonly priority: number;
  readonly state: JobState;
  readonly dueAt: number;
  /** Those begun, the present one included. */
  readonly attempts: number;
  /** The process that works on it, until when; empty and 0 while none does. */
  readonly holder: string;
  readonly heldUntil: number;
  /** What its handler last told of it, undefined before. A handler that is run again goes on from here. */
  readonly progress: unknown;
  /** Why the last attempt failed; undefined when none has. */
  readonly error: string | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
}
