/**
 * A large database in a few statements that both databases understand, for the tests of query plans: 100,000 images with two layers
 * and a tag each, more than half of them in one repository.
 */
const numbers = (count: number) =>
  `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${count})`;

const repositories = 20_000;
const count = 100_000;
/** Image i, its own layer and its tag lie in this repository. */
const place = `case when i <= 60000 then 1 else 1 + i % ${repositories} end`;

/** `noBytes` is the literal of an empty value of bytes, the one word that they do not share. */
export const fillForPlans = ({ noBytes }: { readonly noBytes: string }): readonly string[] => [
  `insert into accounts (account_id, created_at) ${numbers(repositories)} select '0000000' || (10000 + i), i from n`,
  `insert into access_keys (access_key_id, account_id, sealed_secret, created_at)
    select 'AKIA' || account_id, account_id, ${noBytes}, created_at from accounts`,
  `insert into repositories (account_id, region, name, created_at, tag_mutability, exclusion_filters, scan_on_push, encryption_type,
    resource_tags, deleted) ${numbers(repositories)}
    select '0000000' || (10001 + i % 200), 'eu-central-1', 'team/app-' || i, i, 'MUTABLE', '[]', 0, 'AES256', '[]',
    case when i % 5000 = 0 then 1 else 0 end from n`,
  `insert into blobs (digest, size, location, fingerprint, damaged, shown, created_at, verified_at) ${numbers(count)}
    select 'sha256:' || i, 1000 + i, 'sha256/' || i, '', case when i % 9999 = 0 then 1 else 0 end,
    case when i % 997 = 0 then 0 else 1 end, i, i from n`,
  // A layer of each image's own, and one in every repository that its images share.
  `insert into layers (repository_id, digest, blob_id, referenced, renewed_at) ${numbers(count)}
    select ${place}, 'sha256:' || i, i, case when i % 991 = 0 then 0 else 1 end, i from n`,
  `insert into layers (repository_id, digest, blob_id, referenced, renewed_at)
    select id, 'sha256:base', 1, 1, 0 from repositories`,
  `insert into images (repository_id, digest, media_type, artifact_type, manifest_size, image_size, subject_digest, tagged, pushed_at,
    last_pulled_at) ${numbers(count)}
    select ${place}, 'sha256:' || i, 'application/vnd.oci.image.manifest.v1+json',
    case when i % 20 = 0 then 'application/vnd.example.sbom' end, 500, 1000 + i,
    case when i % 20 = 0 then 'sha256:' || (i - 1) end, case when i % 3 = 0 then 0 else 1 end, i, i from n`,
  `insert into manifests (image_id, bytes) select id, ${noBytes} from images`,
  `insert into image_layers (image_id, layer_id)
    select images.id, layers.id from images
    join layers on layers.repository_id = images.repository_id and layers.digest = images.digest where layers.referenced = 1`,
  `insert into image_layers (image_id, layer_id)
    select images.id, layers.id from images
    join layers on layers.repository_id = images.repository_id and layers.digest = 'sha256:base'`,
  `insert into image_children (image_id, repository_id, child_digest) ${numbers(20_000)}
    select 1 + i * 2, 1, 'sha256:' || (i * 2) from n`,
  `insert into tags (repository_id, tag, fold, image_id, updated_at)
    select repository_id, 'v' || id, 'v' || id, id, id from images where tagged = 1`,
  `insert into uploads (id, repository_id, object_key, digest_algorithm, "offset", parts, last_part_size, short_part_followed,
    started_at, updated_at) ${numbers(5_000)}
    select 'upload-' || i, i, 'uploads/' || i, 'sha256', 0, 0, 0, 0, i, i from n`,
  `insert into jobs (kind, subject, payload, priority, state, due_at, attempts, holder, held_until, progress, error, created_at,
    updated_at) ${numbers(count)}
    select 'kind-' || (i % 7), 'subject-' || i, '', i % 3,
    case when i % 100 = 0 then 'waiting' when i % 1000 = 1 then 'running' when i % 50 = 3 then 'given-up' else 'done' end,
    i, 1, '', i, '', '', i, i from n`,
];

/** A value for every argument of a statement, by name; numbers are 1 where nothing else is said. */
export const argumentsForPlans: Readonly<Record<string, unknown>> = new Proxy(
  {
    accountId: '000000010002',
    region: 'eu-central-1',
    name: 'team/app-1',
    digest: 'sha256:30000',
    subjectDigest: 'sha256:30019',
    digests: ['sha256:30000', 'sha256:30001', 'sha256:base'],
    layerDigests: ['sha256:30000', 'sha256:base'],
    childDigests: ['sha256:30000', 'sha256:30002'],
    keys: ['sha256/30000', 'uploads/30'],
    artifactTypes: ['application/vnd.example.sbom'],
    pulls: '[[1,2],[3,4]]',
    ids: [1, 2, 3],
    blobIds: [1, 2, 3],
    tag: 'v30000',
    fold: 'v30000',
    imageId: 30_000,
    afterImage: 30_000,
    after: 30_000,
    limit: 100,
    kind: 'kind-1',
    kinds: ['kind-1', 'kind-2'],
    state: 'waiting',
  } as Record<string, unknown>,
  { get: (given, name) => given[String(name)] ?? 1 },
);
