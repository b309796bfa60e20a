/**
 * The tables as kysely sees them. The same on every database; how a column is declared there stands in migrations/.
 * Times are milliseconds since the epoch, flags 0 or 1, JSON and digests text.
 */
import type { Generated } from 'kysely';

export interface Tables {
  accounts: AccountsTable;
  access_keys: AccessKeysTable;
  /** With those that are deleted and not emptied yet. */
  repositories: RepositoriesTable & { deleted: Generated<Flag> };
  live_repositories: RepositoriesTable;
  blobs: BlobsTable;
  layers: LayersTable;
  images: ImagesTable;
  manifests: ManifestsTable;
  image_layers: ImageLayersTable;
  image_children: ImageChildrenTable;
  tags: TagsTable;
  uploads: UploadsTable;
  jobs: JobsTable;
  schedules: SchedulesTable;
  installation: InstallationTable;
}

export type Flag = 0 | 1;

export interface AccountsTable {
  account_id: string;
  created_at: number;
}

export interface AccessKeysTable {
  access_key_id: string;
  account_id: string;
  sealed_secret: Uint8Array;
  created_at: number;
}

export interface RepositoriesTable {
  id: Generated<number>;
  account_id: string;
  region: string;
  name: string;
  created_at: number;
  tag_mutability: string;
  /** JSON: ExclusionFilter[] */
  exclusion_filters: string;
  scan_on_push: Flag;
  encryption_type: string;
  /** JSON: ResourceTag[], in the order in which they were added */
  resource_tags: string;
}

export interface BlobsTable {
  id: Generated<number>;
  digest: string;
  size: number;
  location: string;
  fingerprint: string;
  damaged: Flag;
  /** Whether any repository shows it: follows from `layers`, kept so that the blobs nobody shows have an index. */
  shown: Flag;
  created_at: number;
  verified_at: number;
}

export interface LayersTable {
  id: Generated<number>;
  repository_id: number;
  digest: string;
  blob_id: number;
  /** Whether any image refers to it: follows from `image_layers`, kept so that unreferenced layers have an index. */
  referenced: Flag;
  renewed_at: number;
}

export interface ImagesTable {
  id: Generated<number>;
  repository_id: number;
  digest: string;
  media_type: string;
  artifact_media_type: string | null;
  artifact_type: string | null;
  manifest_size: number;
  image_size: number;
  subject_digest: string | null;
  /** Whether it has any tag: follows from `tags`, kept so that TAGGED and UNTAGGED have an index. */
  tagged: Flag;
  pushed_at: number;
  last_pulled_at: number | null;
}

/** The exact bytes of an image's manifest, apart from the image so that listings do not read them. */
export interface ManifestsTable {
  image_id: number;
  bytes: Uint8Array;
}

export interface ImageLayersTable {
  image_id: number;
  layer_id: number;
}

export interface ImageChildrenTable {
  image_id: number;
  repository_id: number;
  child_digest: string;
}

export interface TagsTable {
  sequence: Generated<number>;
  repository_id: number;
  tag: string;
  /** The tag in lower case: first key of the lexical order. */
  fold: string;
  image_id: number;
  updated_at: number;
}

export interface UploadsTable {
  id: string;
  repository_id: number;
  object_key: string;
  digest_algorithm: string;
  offset: number;
  parts: number;
  last_part_size: number;
  short_part_followed: Flag;
  started_at: number;
  updated_at: number;
  /** What the blob store remembers of it between calls. */
  state: Generated<string>;
  /** The process that works on it, until when. */
  holder: Generated<string>;
  held_until: Generated<number>;
}

export interface JobsTable {
  id: Generated<number>;
  kind: string;
  /** What it is about: at most one job of a kind and subject waits. */
  subject: string;
  /** JSON; empty for none */
  payload: string;
  /** Larger ones first. */
  priority: number;
  state: string;
  due_at: number;
  attempts: number;
  holder: string;
  held_until: number;
  /** JSON; empty before the first */
  progress: string;
  /** Why the last attempt failed; empty when none has. */
  error: string;
  created_at: number;
  updated_at: number;
}

export interface SchedulesTable {
  name: string;
  /** The last time for which a job was queued. */
  last_slot: number;
}

/** What all nodes of an installation must agree on. */
export interface InstallationTable {
  name: string;
  value: string;
}
