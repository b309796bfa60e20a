/**
 * Accounts, repositories, blobs, layers, images, tags and uploads (design, section 3).
 *
 * What the database itself sees to: no two repositories, tags, images or layers of one name in one place; an image's layers
 * cannot be deleted before the image (image_layers → layers has no cascade), nor a blob before the layers that show it.
 * Ids that are handed out as positions in listings or held in caches are never used twice (autoincrement).
 *
 * On PostgreSQL every text compares by bytes (collate "C"), as on SQLite: that is the order that is promised, and an index of it is not
 * broken by an upgrade of the system's locales.
 */
import type { Migration } from './migration.ts';

export const firstTables: Migration = {
  version: 1,
  name: 'first-tables',
  oldestProgram: 1,
  sqlite: `
create table accounts (
  account_id text not null primary key,
  created_at integer not null
) strict, without rowid;

create table access_keys (
  access_key_id text not null primary key,
  account_id text not null references accounts on delete cascade,
  sealed_secret blob not null,
  created_at integer not null
) strict, without rowid;
create index access_keys_by_account on access_keys (account_id, created_at);

create table repositories (
  id integer primary key autoincrement,
  account_id text not null,
  region text not null,
  name text not null,
  created_at integer not null,
  tag_mutability text not null,
  exclusion_filters text not null,
  scan_on_push integer not null check (scan_on_push in (0, 1)),
  encryption_type text not null,
  resource_tags text not null,
  deleted integer not null default 0 check (deleted in (0, 1))
) strict;
create unique index repositories_by_name on repositories (account_id, region, name) where deleted = 0;
create index repositories_by_creation on repositories (account_id, region, id) where deleted = 0;
create index repositories_deleted on repositories (id) where deleted = 1;
-- What services call a repository. A deleted one is emptied bit by bit, see repository-store.ts.
create view live_repositories as
  select id, account_id, region, name, created_at, tag_mutability, exclusion_filters, scan_on_push, encryption_type, resource_tags
  from repositories where deleted = 0;

create table blobs (
  id integer primary key autoincrement,
  digest text not null unique,
  size integer not null,
  location text not null unique,
  fingerprint text not null,
  damaged integer not null check (damaged in (0, 1)),
  shown integer not null check (shown in (0, 1)),
  created_at integer not null,
  verified_at integer not null
) strict;
create index blobs_not_shown on blobs (id, created_at) where shown = 0;

create table layers (
  id integer primary key autoincrement,
  repository_id integer not null references repositories on delete cascade,
  digest text not null,
  blob_id integer not null references blobs,
  referenced integer not null check (referenced in (0, 1)),
  renewed_at integer not null,
  unique (repository_id, digest)
) strict;
create index layers_by_repository on layers (repository_id, id);
create index layers_by_blob on layers (blob_id, repository_id);
create index layers_not_referenced on layers (renewed_at, id) where referenced = 0;

create table images (
  id integer primary key autoincrement,
  repository_id integer not null references repositories on delete cascade,
  digest text not null,
  media_type text not null,
  artifact_media_type text,
  artifact_type text,
  manifest_size integer not null,
  image_size integer not null,
  subject_digest text,
  tagged integer not null check (tagged in (0, 1)),
  pushed_at integer not null,
  last_pulled_at integer,
  unique (repository_id, digest)
) strict;
create index images_by_push on images (repository_id, id);
create index images_by_tagged on images (repository_id, tagged, id);
create index images_by_subject on images (repository_id, subject_digest, id) where subject_digest is not null;

create table manifests (
  image_id integer primary key references images on delete cascade,
  bytes blob not null
) strict;

create table image_layers (
  image_id integer not null references images on delete cascade,
  layer_id integer not null references layers,
  primary key (image_id, layer_id)
) strict, without rowid;
create index image_layers_by_layer on image_layers (layer_id, image_id);

create table image_children (
  image_id integer not null references images on delete cascade,
  repository_id integer not null,
  child_digest text not null,
  primary key (image_id, child_digest)
) strict, without rowid;
create index image_children_by_child on image_children (repository_id, child_digest, image_id);

create table tags (
  sequence integer primary key autoincrement,
  repository_id integer not null references repositories on delete cascade,
  tag text not null,
  fold text not null,
  image_id integer not null references images on delete cascade,
  updated_at integer not null,
  unique (repository_id, tag)
) strict;
create index tags_by_name on tags (repository_id, fold, tag);
create index tags_by_image on tags (image_id, sequence, tag);

create table uploads (
  id text not null primary key,
  repository_id integer not null references repositories on delete cascade,
  object_key text not null unique,
  digest_algorithm text not null,
  "offset" integer not null,
  parts integer not null,
  last_part_size integer not null,
  short_part_followed integer not null check (short_part_followed in (0, 1)),
  started_at integer not null,
  updated_at integer not null
) strict, without rowid;
create index uploads_by_repository on uploads (repository_id);
create index uploads_by_update on uploads (updated_at);
`,
  postgres: `
create table accounts (
  account_id text collate "C" not null primary key,
  created_at bigint not null
);

create table access_keys (
  access_key_id text collate "C" not null primary key,
  account_id text collate "C" not null references accounts on delete cascade,
  sealed_secret bytea not null,
  created_at bigint not null
);
create index access_keys_by_account on access_keys (account_id, created_at);

create table repositories (
  id bigint generated by default as identity primary key,
  account_id text collate "C" not null,
  region text collate "C" not null,
  name text collate "C" not null,
  created_at bigint not null,
  tag_mutability text collate "C" not null,
  exclusion_filters text collate "C" not null,
  scan_on_push smallint not null check (scan_on_push in (0, 1)),
  encryption_type text collate "C" not null,
  resource_tags text collate "C" not null,
  deleted smallint not null default 0 check (deleted in (0, 1))
);
create unique index repositories_by_name on repositories (account_id, region, name) where deleted = 0;
create index repositories_by_creation on repositories (account_id, region, id) where deleted = 0;
create index repositories_deleted on repositories (id) where deleted = 1;
-- What services call a repository. A deleted one is emptied bit by bit, see repository-store.ts.
create view live_repositories as
  select id, account_id, region, name, created_at, tag_mutability, exclusion_filters, scan_on_push, encryption_type, resource_tags
  from repositories where deleted = 0;

create table blobs (
  id bigint generated by default as identity primary key,
  digest text collate "C" not null unique,
  size bigint not null,
  location text collate "C" not null unique,
  fingerprint text collate "C" not null,
  damaged smallint not null check (damaged in (0, 1)),
  shown smallint not null check (shown in (0, 1)),
  created_at bigint not null,
  verified_at bigint not null
);
create index blobs_not_shown on blobs (id, created_at) where shown = 0;

create table layers (
  id bigint generated by default as identity primary key,
  repository_id bigint not null references repositories on delete cascade,
  digest text collate "C" not null,
  blob_id bigint not null references blobs,
  referenced smallint not null check (referenced in (0, 1)),
  renewed_at bigint not null,
  unique (repository_id, digest)
);
create index layers_by_repository on layers (repository_id, id);
create index layers_by_blob on layers (blob_id, repository_id);
create index layers_not_referenced on layers (renewed_at, id) where referenced = 0;

create table images (
  id bigint generated by default as identity primary key,
  repository_id bigint not null references repositories on delete cascade,
  digest text collate "C" not null,
  media_type text collate "C" not null,
  artifact_media_type text collate "C",
  artifact_type text collate "C",
  manifest_size bigint not null,
  image_size bigint not null,
  subject_digest text collate "C",
  tagged smallint not null check (tagged in (0, 1)),
  pushed_at bigint not null,
  last_pulled_at bigint,
  unique (repository_id, digest)
);
create index images_by_push on images (repository_id, id);
create index images_by_tagged on images (repository_id, tagged, id);
create index images_by_subject on images (repository_id, subject_digest, id) where subject_digest is not null;

create table manifests (
  image_id bigint primary key references images on delete cascade,
  bytes bytea not null
);

create table image_layers (
  image_id bigint not null references images on delete cascade,
  layer_id bigint not null references layers,
  primary key (image_id, layer_id)
);
create index image_layers_by_layer on image_layers (layer_id, image_id);

create table image_children (
  image_id bigint not null references images on delete cascade,
  repository_id bigint not null,
  child_digest text collate "C" not null,
  primary key (image_id, child_digest)
);
create index image_children_by_child on image_children (repository_id, child_digest, image_id);

create table tags (
  sequence bigint generated by default as identity primary key,
  repository_id bigint not null references repositories on delete cascade,
  tag text collate "C" not null,
  fold text collate "C" not null,
  image_id bigint not null references images on delete cascade,
  updated_at bigint not null,
  unique (repository_id, tag)
);
create index tags_by_name on tags (repository_id, fold, tag);
create index tags_by_image on tags (image_id, sequence, tag);

create table uploads (
  id text collate "C" not null primary key,
  repository_id bigint not null references repositories on delete cascade,
  object_key text collate "C" not null unique,
  digest_algorithm text collate "C" not null,
  "offset" bigint not null,
  parts bigint not null,
  last_part_size bigint not null,
  short_part_followed smallint not null check (short_part_followed in (0, 1)),
  started_at bigint not null,
  updated_at bigint not null
);
create index uploads_by_repository on uploads (repository_id);
create index uploads_by_update on uploads (updated_at);
`,
};
