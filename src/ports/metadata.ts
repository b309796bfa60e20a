/**
 * What we ask of the database: the only truth about what exists (design, section 3).
 *
 * Everything that must hold together changes in one `write`. A store method never decides anything ECR-like: it finds, puts
 * and deletes; rules are in services/.
 */
import type { GarbageStore } from './garbage-store.ts';
import type { JobStore } from './job-store.ts';
import type {
  AccessKeyRecord,
  AccountRecord,
  BlobRecord,
  ExclusionFilter,
  ImageRecord,
  ImageSummary,
  LayerRecord,
  RegistryId,
  RepositoryRecord,
  ResourceTag,
  StoredLayer,
  TagMutability,
  TagRecord,
  UploadRecord,
} from './records.ts';
import type { Work } from './work.ts';

export interface Metadata {
  /** Runs `work` on one consistent snapshot. It may be run more than once. */
  read<T>(work: (tx: MetadataTx) => Work<T>): Promise<T>;
  /**
   * Runs `work` as one transaction: wholly or, when it throws, not at all. Resolves only after the commit is durable; many
   * waiting writers may share one commit, and one that throws takes nothing of the others with it. Rejects with what `work`
   * threw, or with `MetadataUnavailable` when the database could not store it (disk full, lost connection).
   *
   * Units of work may run at the same time, on other nodes too. In a write, the finders that take a lock (`repositories.find`,
   * `blobs.findByDigest`, `layers.find`, `uploads.find`, `accounts.find`) keep what they found as it is until the unit ends, so that what
   * was decided on it still holds when it is committed. Decide only on what was found under such a lock, and find the repository
   * first. (On SQLite writes are alone anyway.) Conflicts and deadlocks are not seen here: the unit is run again.
   */
  write<T>(work: (tx: MetadataTx) => Work<T>): Promise<T>;
  /**
   * Brings caches up to date with what *other* processes have committed; call it before answering from a cache. Cheap enough
   * for every request: on SQLite one `PRAGMA data_version`, synchronously.
   */
  refresh(): void | Promise<void>;
  /**
   * Tells a cache what to forget, after a commit of this process and from `refresh`. A cache that drops what it is told here
   * and calls `refresh` first never answers from before an acknowledged change.
   */
  onChange(listener: (change: MetadataChange) => void): void;
  /** Answers when the database can be read and written (for /readyz); rejects with MetadataUnavailable. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Only removals and changes are told, never additions: caches must not remember that something is absent. */
export type MetadataChange =
  | { readonly kind: 'everything' }
  | { readonly kind: 'repositories'; readonly ids: ReadonlySet<number> };

/** The database could not be asked or could not store. Callers answer 503, or 507 when `full`. */
export class MetadataUnavailable extends Error {
  override readonly name = 'MetadataUnavailable';
  readonly full: boolean;
  constructor(message: string, options: { cause?: unknown; full?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.full = options.full ?? false;
  }
}

export interface MetadataTx {
  readonly accounts: AccountStore;
  readonly repositories: RepositoryStore;
  readonly blobs: BlobRecordStore;
  readonly layers: LayerStore;
  readonly images: ImageStore;
  readonly tags: TagStore;
  readonly uploads: UploadStore;
  readonly jobs: JobStore;
  readonly garbage: GarbageStore;
  readonly installation: InstallationStore;
}

export interface AccountStore {
  find(accountId: string): Work<AccountRecord | undefined>;
  list(): Work<AccountRecord[]>;
  /** Answers false, and changes nothing, when the account exists. */
  add(account: AccountRecord): Work<boolean>;
  /** Deletes the account with its keys; its repositories must be gone. Answers whether it existed. */
  delete(accountId: string): Work<boolean>;
  findAccessKey(accessKeyId: string): Work<AccessKeyRecord | undefined>;
  listAccessKeys(accountId: string): Work<AccessKeyRecord[]>;
  putAccessKey(key: AccessKeyRecord): Work<void>;
  /** Answers whether it existed. */
  deleteAccessKey(accessKeyId: string): Work<boolean>;
  hasRepositories(accountId: string): Work<boolean>;
}

export type NewRepository = Omit<RepositoryRecord, 'id'>;

export interface RepositoryStore {
  /**
   * In a write, `exclusive` keeps every other writer of the repository out until this unit ends: for all that depends on its images, tags
   * and settings. `shared` lets those in that only add to it: uploads and layers.
   */
  find(registry: RegistryId, name: string, lock?: 'exclusive' | 'shared'): Work<RepositoryRecord | undefined>;
  /**
   * Takes the same locks for repositories known by id, in the order of ids; answers those that are there, also deleted ones that are not
   * emptied yet. Whoever removes layers must have the exclusive one: images that are being put rely on it.
   */
  lock(ids: readonly number[], lock: 'exclusive' | 'shared'): Work<Set<number>>;
  /** In order of creation; `after` is the id of the last one seen. */
  list(registry: RegistryId, page: { after?: number; limit: number }): Work<RepositoryRecord[]>;
  /** In byte order of names, for `_catalog`; `after` is the last name seen. */
  listNames(registry: RegistryId, page: { after?: string; limit: number }): Work<string[]>;
  count(registry: RegistryId): Work<number>;
  /** Answers undefined, and changes nothing, when the name is taken. */
  add(repository: NewRepository): Work<RepositoryRecord | undefined>;
  setTagMutability(id: number, value: TagMutability, filters: readonly ExclusionFilter[]): Work<void>;
  setScanOnPush(id: number, scanOnPush: boolean): Work<void>;
  setResourceTags(id: number, tags: readonly ResourceTag[]): Work<void>;
  /**
   * Deletes the repository and its open uploads. Nothing of it is found by name from now on, and the name is free. What is asked
   * by its id is undefined from now on: its images, tags and layers go bit by bit, see `purge`.
   */
  delete(id: number): Work<void>;
  /**
   * Removes up to `limit` images and layers of deleted repositories; answers how many, and undefined when there is no such repository. Blobs
   * that only they showed are unreferenced afterwards.
   */
  purge(limit: number): Work<{ images: number; layers: number } | undefined>;
}

export interface BlobRecordStore {
  findByDigest(digest: string): Work<BlobRecord | undefined>;
  add(blob: Omit<BlobRecord, 'id'>): Work<BlobRecord>;
  /** The blob lies elsewhere now (healed by a new push): new location and fingerprint, not damaged any more. */
  relocate(id: number, to: { location: string; fingerprint: string; verifiedAt: number }): Work<void>;
  /** The bytes were hashed: good (with the fingerprint they have now) or damaged. */
  setVerified(id: number, result: { fingerprint: string; verifiedAt: number } | 'damaged'): Work<void>;
  /** Blobs in no repository and created before `createdBefore`, by id after `after`. */
  listUnreferenced(page: { after?: number; limit: number; createdBefore: number }): Work<BlobRecord[]>;
  /** Deletes the row when still no repository shows it. Answers whether it did; only then may the object be removed. */
  deleteIfUnreferenced(id: number): Work<boolean>;
  /** Every blob, by id, for verification. */
  list(page: { after?: number; limit: number }): Work<BlobRecord[]>;
  /** The largest id there is; 0 when there is no blob. */
  lastId(): Work<number>;
  countDamaged(): Work<number>;
  /** Which of these locations a blob or an open upload still uses. */
  knownObjects(keys: readonly string[]): Work<Set<string>>;
}

export interface LayerStore {
  /** The layer with its blob; a damaged blob is still found (with `blob.damaged`), so that a push can heal it. */
  find(repositoryId: number, digest: string, lock?: 'exclusive' | 'none'): Work<StoredLayer | undefined>;
  findMany(repositoryId: number, digests: readonly string[]): Work<StoredLayer[]>;
  /** A layer of any repository of the registry with that digest, for a mount without `from`. */
  findInRegistry(registry: RegistryId, digest: string): Work<StoredLayer | undefined>;
  /** Makes a blob visible in a repository, or renews it when it already is. */
  put(layer: LayerRecord): Work<void>;
  renew(repositoryId: number, digest: string, at: number): Work<void>;
  delete(repositoryId: number, digest: string): Work<void>;
  /** Layers that no image refers to and that were last renewed before `renewedBefore`, in a stable order. */
  listExpired(page: { renewedBefore: number; limit: number }): Work<LayerRecord[]>;
}

export type NewImage = Omit<ImageRecord, 'id'> & {
  /** Digests of config and layers that must be kept for this image, each once. */
  readonly layerDigests: readonly string[];
  /** Digests of the manifests an index lists, each once. */
  readonly childDigests: readonly string[];
};

export type TagStatus = 'TAGGED' | 'UNTAGGED' | 'ANY';

/** One row of ListImages: an image with one of its tags, or without when it has none. */
export interface ImageIdRow {
  readonly imageId: number;
  readonly digest: string;
  readonly tag: string | undefined;
  /** Of the tag; 0 for an untagged image. Together with imageId the position in the listing. */
  readonly sequence: number;
}

export interface ImageStore {
  findByDigest(repositoryId: number, digest: string): Work<ImageRecord | undefined>;
  findByTag(repositoryId: number, tag: string): Work<ImageRecord | undefined>;
  /** Registry read in one query, for the hot path: repository by name, image by tag or digest. */
  findByReference(
    registry: RegistryId,
    repositoryName: string,
    reference: { tag: string } | { digest: string },
  ): Work<ImageRecord | undefined>;
  /** Which of these digests are images of the repository. */
  existing(repositoryId: number, digests: readonly string[]): Work<Set<string>>;
  summary(imageId: number): Work<ImageSummary | undefined>;
  /** In push order; `after` is the id of the last image seen. */
  list(repositoryId: number, page: { after?: number; limit: number; tagStatus?: TagStatus }): Work<ImageSummary[]>;
  /** In push order, then order of tags. */
  listIds(
    repositoryId: number,
    page: { after?: { imageId: number; sequence: number }; limit: number; tagStatus?: TagStatus },
  ): Work<ImageIdRow[]>;
  /** Images whose subject is this digest, in push order, with their bytes. */
  listReferrers(
    repositoryId: number,
    subjectDigest: string,
    page: { after?: number; limit: number; artifactTypes?: readonly string[] },
  ): Work<ImageRecord[]>;
  /** Digests of the indexes of the repository that list this manifest. */
  parents(repositoryId: number, digest: string): Work<string[]>;
  /** The largest imageSize among these images of the repository; 0 for none. */
  largest(repositoryId: number, digests: readonly string[]): Work<number>;
  count(repositoryId: number): Work<number>;
  add(image: NewImage): Work<ImageRecord>;
  /** Deletes the image with its tags and edges, and renews the layers it referred to (their grace period begins now). */
  delete(imageId: number, at: number): Work<void>;
  /** By id of the image; an earlier time than the one known is ignored. */
  /** Times by image. One that is earlier than what is known changes nothing, nor one of an image that is gone. */
  setLastPulled(pulls: ReadonlyMap<number, number>): Work<void>;
  /** Every image of every repository by id, with bytes, for verification. */
  listAll(page: {
    after?: number;
    limit: number;
  }): Work<(ImageRecord & RegistryId & { repositoryName: string; layerDigests: string[] })[]>;
}

export interface TagStore {
  find(repositoryId: number, tag: string): Work<TagRecord | undefined>;
  /** The tags of an image in the order in which they were added. */
  ofImage(imageId: number): Work<string[]>;
  countOfImage(imageId: number): Work<number>;
  /** In lexical order as the distribution specification wants it: case-insensitive, then by byte; `after` need not exist. */
  listNames(repositoryId: number, page: { after?: string; limit: number }): Work<string[]>;
  /** Points the tag at the image; a tag that moves gets a new place in the order. */
  put(tag: { repositoryId: number; tag: string; imageId: number; updatedAt: number }): Work<void>;
  delete(repositoryId: number, tag: string): Work<void>;
}

/** Fields of an upload that change when bytes have come. */
export type UploadProgress = Pick<
  UploadRecord,
  'offset' | 'state' | 'parts' | 'lastPartSize' | 'shortPartFollowed' | 'updatedAt'
>;

export interface UploadStore {
  find(id: string): Work<UploadRecord | undefined>;
  add(upload: UploadRecord): Work<void>;
  /** Gives the upload to `holder`, whoever had it before: decide on what `find` answered in the same write. */
  claim(id: string, claim: Pick<UploadRecord, 'holder' | 'heldUntil'>): Work<void>;
  /** Keeps it for longer, only while `holder` still has it; answers whether it had. */
  extendClaim(id: string, claim: Pick<UploadRecord, 'holder' | 'heldUntil'>): Work<boolean>;
  /** Ends the claim of `holder`, if it still has it. */
  release(id: string, holder: string): Work<void>;
  /** The bytes lie elsewhere from now on. Only for `holder`; answers whether it was. */
  moveObject(id: string, holder: string, to: Pick<UploadRecord, 'objectKey' | 'state'>): Work<boolean>;
  /** Records progress and ends the claim, only while holder and offset are still those of `from`; answers whether they were. */
  advance(id: string, from: Pick<UploadRecord, 'holder' | 'offset'>, to: UploadProgress): Work<boolean>;
  /** Deletes the upload; with `holder`, only while that one has it. Answers whether it did. */
  delete(id: string, holder?: string): Work<boolean>;
  /** Uploads without progress since `updatedBefore` that nobody holds at `now`, longest abandoned first. */
  listAbandoned(page: { updatedBefore: number; now: number; limit: number }): Work<UploadRecord[]>;
  count(): Work<number>;
}

/** What all nodes of an installation must agree on; written once, never changed. */
export interface InstallationStore {
  find(name: string): Work<string | undefined>;
  /** Answers false, and changes nothing, when there is a value already. */
  add(name: string, value: string): Work<boolean>;
}
