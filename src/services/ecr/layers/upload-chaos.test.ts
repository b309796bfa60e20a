/**
 * Uploads on nodes that stand still at any moment: the clock jumps, so that any claim may run out while its holder is still working. Several requests
 * bring different bytes for the same place at the same time. Whatever was acknowledged, and nothing else, must be in the layer.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMemoryEcr } from '../../../../tests/support/memory-ecr.ts';
import { openPostgresDatabases, postgresMissing } from '../../../../tests/support/postgres-server.ts';
import { freshPrefix, useS3Server, whyNoS3 } from '../../../../tests/support/s3-server.ts';
import { openFilesystemBlobs } from '../../../adapters/blobs/filesystem/open-filesystem-blobs.ts';
import { openS3Blobs } from '../../../adapters/blobs/s3/open-s3-blobs.ts';
import { openPostgres } from '../../../adapters/sql/postgres/open-postgres.ts';
import { openSqlite } from '../../../adapters/sql/sqlite/open-sqlite.ts';
import { sha256Digest } from '../../../lib/oci/digest.ts';
import type { BlobStore } from '../../../ports/blob-store.ts';
import type { Metadata } from '../../../ports/metadata.ts';
import { Fault } from '../../fault.ts';
import { createEcrService, type EcrService } from '../ecr-service.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { appendUpload } from './append-upload.ts';
import { completeUpload } from './complete-upload.ts';
import { findUpload } from './find-upload.ts';
import { openLayer } from './open-layer.ts';
import { startUpload } from './start-upload.ts';
import { createObjectSweep } from './sweep-objects.ts';

const nodes = 3;
const uploads = 4;
const chunksOfUpload = 6;

/** Where several nodes keep one kind of thing. */
interface Place<Store> {
  open(): Promise<Store>;
  dispose(): Promise<void>;
}

async function inDirectory<Store>(open: (directory: string) => Promise<Store>): Promise<Place<Store>> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-chaos-'));
  return { open: () => open(directory), dispose: () => rm(directory, { recursive: true }) };
}

const onSqlite = () => inDirectory<Metadata>((directory) => openSqlite({ path: join(directory, 'longshore.db') }));
const onFiles = () => inDirectory<BlobStore>((directory) => openFilesystemBlobs({ directory }));

async function onPostgres(): Promise<Place<Metadata>> {
  const databases = await openPostgresDatabases();
  const url = await databases.createDatabase();
  return {
    open: () => openPostgres({ url, poolSize: 4, statementTimeoutMs: 10_000, retryTimeMs: 10_000 }),
    async dispose() {
      await databases.dropDatabase(url);
      await databases.stop();
    },
  };
}

async function onS3(): Promise<Place<BlobStore>> {
  const { bucket, endpoint, region, accessKeyId, secretAccessKey, stop } = await useS3Server();
  const credentials = { accessKeyId, secretAccessKey };
  const options = { bucket, endpoint, region, credentials, prefix: freshPrefix(), pathStyle: true };
  return { open: () => openS3Blobs({ ...options, requestTimeoutMs: 30_000 }), dispose: stop };
}

const random = (below: number) => Math.floor(Math.random() * below);
const pick = <T>(of: readonly T[]): T => of[random(of.length)]!;

/** Bytes that take a while to come. */
async function* slowly(bytes: Buffer): AsyncGenerator<Buffer> {
  const middle = random(bytes.length);
  yield bytes.subarray(0, middle);
  // Others look every tenth of a second whether they may succeed.
  await sleep(pick([0, 5, 130, 300]));
  yield bytes.subarray(middle);
}
const bodyOf = (bytes: Buffer) => Readable.from(slowly(bytes), { objectMode: false });

/** Bytes on both sides of where files are written in other ways. */
const someBytes = () => randomBytes(pick([1, 1000, 70_000, 300_000, 1_200_000]));

const isRefusal = (error: unknown) => error instanceof Fault && error.code === 'InvalidLayerPartException';

/** Several requests for the same place: what one of them acknowledged. */
async function compete(services: readonly EcrService[], app: RepositoryRef, id: string, offset: number) {
  const attempts = Array.from({ length: 1 + random(3) }, async () => {
    const bytes = someBytes();
    await sleep(random(10));
    try {
      const { upload } = await appendUpload(pick(services), app, id, bodyOf(bytes), { expectedOffset: offset });
      assert.equal(upload.offset, offset + bytes.length);
      return bytes;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return undefined;
    }
  });
  const acknowledged = (await Promise.all(attempts)).filter((bytes) => bytes !== undefined);
  assert(acknowledged.length <= 1, 'the same place was acknowledged twice');
  return acknowledged[0];
}

/** Uploads a layer, as often as it takes: on S3 a node that wakes up late may make an upload impossible to finish, and a client begins anew. */
async function uploadAtLast(services: readonly EcrService[], app: RepositoryRef): Promise<Buffer> {
  for (;;) {
    try {
      return await upload(services, app);
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'UploadNotFoundException')) throw error;
    }
  }
}

/** Uploads a layer, with competition for every chunk and for the end. Answers its bytes. */
async function upload(services: readonly EcrService[], app: RepositoryRef): Promise<Buffer> {
  const { id } = await startUpload(pick(services), app);
  let whole = Buffer.alloc(0);
  for (let chunk = 0; chunk < chunksOfUpload; chunk++) {
    const added = await compete(services, app, id, whole.length);
    if (added !== undefined) whole = Buffer.concat([whole, added]);
    assert.equal((await findUpload(pick(services), app, id)).offset, whole.length);
  }
  for (;;) {
    const last = someBytes();
    const lastBytes = { source: bodyOf(last), expectedOffset: whole.length };
    const digest = sha256Digest(Buffer.concat([whole, last]));
    const closing = completeUpload(pick(services), app, id, digest, { lastBytes }).then(
      () => true,
      (error: unknown) => {
        if (isRefusal(error)) return false;
        throw error;
      },
    );
    closing.catch(() => undefined);
    const competing = appendUpload(pick(services), app, id, bodyOf(someBytes()), { expectedOffset: whole.length + 1 });
    const [closed] = await Promise.all([closing, assert.rejects(competing, Fault, 'it has not that many bytes')]);
    if (closed) return Buffer.concat([whole, last]);
  }
}

async function readLayer(ecr: EcrService, app: RepositoryRef, digest: string): Promise<Buffer> {
  const opened = (await openLayer(ecr, app, digest, () => undefined)) ?? assert.fail(`no layer ${digest}`);
  const chunks: Buffer[] = [];
  const to = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  assert.equal(await opened.blob.send(to), 'sent');
  return Buffer.concat(chunks);
}

async function chaos(database: Place<Metadata>, store: Place<BlobStore>, push: typeof upload): Promise<void> {
  const memory = await createMemoryEcr({ sharedUploads: true });
  const { keys, settings } = memory.ecr;
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  const closers: (() => Promise<void>)[] = [];
  const services: EcrService[] = [];
  for (let node = 0; node < nodes; node++) {
    const metadata = await database.open();
    const blobs = await store.open();
    closers.push(
      () => blobs.close(),
      () => metadata.close(),
    );
    services.push(createEcrService({ metadata, blobs, clock, keys }, settings));
  }
  const jumps = setInterval(() => {
    ahead += random(8_000);
  }, 10);
  try {
    const app = memory.ref('app');
    await services[0]!.metadata.write(function* (tx) {
      yield* tx.accounts.add({ accountId: app.accountId, createdAt: 0 });
      yield* tx.repositories.add({
        ...app,
        createdAt: 0,
        tagMutability: 'MUTABLE',
        exclusionFilters: [],
        scanOnPush: false,
        encryptionType: 'AES256',
        resourceTags: [],
      });
    });
    const layers = await Promise.all(Array.from({ length: uploads }, () => push(services, app)));
    for (const bytes of layers) assert((await readLayer(pick(services), app, sha256Digest(bytes))).equals(bytes));
    const sweep = createObjectSweep(services[0]!);
    while ((await sweep()).more);
    for (const bytes of layers) assert((await readLayer(pick(services), app, sha256Digest(bytes))).equals(bytes));
  } finally {
    clearInterval(jumps);
    for (const close of closers) await close();
    await memory.close();
    await store.dispose();
    await database.dispose();
  }
}

test('what is acknowledged is what is stored: SQLite and files', async () => {
  await chaos(await onSqlite(), await onFiles(), upload);
});

test('what is acknowledged is what is stored: PostgreSQL and files', { skip: postgresMissing() ?? false }, async () => {
  await chaos(await onPostgres(), await onFiles(), upload);
});

const missing = postgresMissing() ?? whyNoS3() ?? false;
test('what is acknowledged is what is stored: PostgreSQL and S3', { skip: missing }, async () => {
  await chaos(await onPostgres(), await onS3(), uploadAtLast);
});
