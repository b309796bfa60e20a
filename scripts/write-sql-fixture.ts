/**
 * Writes the fixtures of the newest migration. First, once: a filled database as SQL, which every later version must bring up to date; what is
 * filled in here is what src/adapters/sql/sqlite/migrate-sqlite.test.ts looks for, so add to it, and change nothing. Second, as often as
 * a statement changes: all that the program asks of a database of this version, which must still be answered after the next migrations
 * (src/adapters/sql/migrations/side-by-side.test.ts).
 *
 *     node scripts/write-sql-fixture.ts
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { compiledStatements } from '../src/adapters/sql/compiled-statements.ts';
import { migrations } from '../src/adapters/sql/migrations/migrations.ts';
import { migrateSqlite } from '../src/adapters/sql/sqlite/migrate-sqlite.ts';
import { sqliteEngine } from '../src/adapters/sql/sqlite/sqlite-engine.ts';
import type { MetadataTx } from '../src/ports/metadata.ts';
import type { Work } from '../src/ports/work.ts';

const newest = migrations.at(-1)!;
const file = (kind: string) =>
  join(
    import.meta.dirname,
    `../src/adapters/sql/migrations/fixtures/${String(newest.version).padStart(4, '0')}-${newest.name}.${kind}`,
  );
writeFileSync(file('statements.json'), `${JSON.stringify(compiledStatements(), undefined, 2)}\n`);

if (existsSync(file('sql'))) {
  console.log('The filled database is there; that of a released version is never written again.');
} else {
  const db = new DatabaseSync(':memory:');
  migrateSqlite(db, migrations);
  await sqliteEngine(db).write(fill);
  writeFileSync(file('sql'), dump(db));
}

function* fill(tx: MetadataTx): Work<void> {
  const accountId = '000000000000';
  const registry = { accountId, region: 'us-east-1' };
  const sealedSecret = Buffer.from('sealed');
  yield* tx.accounts.add({ accountId, createdAt: 1 });
  yield* tx.accounts.putAccessKey({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', accountId, sealedSecret, createdAt: 2 });

  const plain = {
    ...registry,
    createdAt: 3,
    tagMutability: 'MUTABLE',
    exclusionFilters: [],
    scanOnPush: false,
    encryptionType: 'AES256',
    resourceTags: [],
  } as const;
  const repository = (yield* tx.repositories.add({
    ...plain,
    name: 'team/app',
    tagMutability: 'IMMUTABLE_WITH_EXCLUSION',
    exclusionFilters: [{ filterType: 'WILDCARD', filter: 'dev*' }],
    scanOnPush: true,
    resourceTags: [{ Key: 'team', Value: 'shore’s' }],
  }))!;
  const deleted = (yield* tx.repositories.add({ ...plain, name: 'deleted' }))!;
  yield* tx.repositories.delete(deleted.id);

  const blob = { damaged: false, createdAt: 4, verifiedAt: 4 };
  const [one, two] = [digest('1'), digest('2')];
  const stored = yield* tx.blobs.add({ ...blob, digest: one, size: 1234, location: 'blobs/1', fingerprint: '1:2:3' });
  yield* tx.blobs.add({ ...blob, digest: two, size: 5, location: 'blobs/2', fingerprint: '4:5:6', damaged: true });
  yield* tx.layers.put({ repositoryId: repository.id, digest: one, blobId: stored.id, renewedAt: 5 });

  const image = {
    repositoryId: repository.id,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactMediaType: 'application/vnd.oci.image.config.v1+json',
    artifactType: undefined,
    imageSize: 1234,
    subjectDigest: undefined,
    pushedAt: 6,
    lastPulledAt: undefined,
    layerDigests: [],
    childDigests: [],
  };
  const bytes = (text: string) => Buffer.from(text);
  const first = yield* tx.images.add({
    ...image,
    digest: digest('a'),
    manifest: bytes('{"image":1}'),
    lastPulledAt: 7,
    layerDigests: [one],
  });
  yield* tx.images.add({
    ...image,
    digest: digest('b'),
    manifest: bytes('{"index":2}'),
    mediaType: 'application/vnd.oci.image.index.v1+json',
    artifactMediaType: undefined,
    childDigests: [first.digest],
  });
  yield* tx.images.add({
    ...image,
    digest: digest('c'),
    manifest: bytes('{"referrer":3}'),
    artifactType: 'application/vnd.example.sbom',
    subjectDigest: first.digest,
  });
  for (const tag of ['v1', 'Latest']) {
    yield* tx.tags.put({ repositoryId: repository.id, tag, imageId: first.id, updatedAt: 8 });
  }
  yield* tx.uploads.add({
    id: 'upload-1',
    repositoryId: repository.id,
    state: '',
    holder: '',
    heldUntil: 0,
    objectKey: 'uploads/1',
    digestAlgorithm: 'sha256',
    offset: 77,
    parts: 1,
    lastPartSize: 77,
    shortPartFollowed: false,
    startedAt: 9,
    updatedAt: 9,
  });
}

function digest(character: string): string {
  return `sha256:${character.repeat(64)}`;
}

/** The whole database as SQL: schema in the order in which it was made, then rows in the same order, so that references hold. */
function dump(from: DatabaseSync): string {
  const made = from
    .prepare("select type, name, sql from sqlite_schema where name not like 'sqlite_%' order by rowid")
    .all();
  const lines = made.filter((each) => each.sql !== null).map((each) => `${each.sql};`);
  const tables = made.filter((each) => each.type === 'table').map((each) => String(each.name));
  for (const table of [...tables, 'sqlite_sequence']) {
    if (table === 'sqlite_sequence') lines.push('delete from sqlite_sequence;');
    for (const row of from.prepare(`select * from ${table}`).all()) {
      const columns = Object.keys(row).map((column) => `"${column}"`);
      lines.push(
        `insert into ${table} (${columns.join(', ')}) values (${Object.values(row).map(literal).join(', ')});`,
      );
    }
  }
  return `-- A filled database at migration ${newest.version}, written by scripts/write-sql-fixture.ts. Never edited.\n${lines.join('\n')}\n`;
}

function literal(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return String(value);
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  return `'${String(value).replaceAll("'", "''")}'`;
}
