/** The other way to back up PostgreSQL and S3, with the stores' own tools while pushes go on: pg_dump first, the objects after. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { makeImage } from '../support/make-image.ts';
import { findPostgresPrograms } from '../support/postgres-programs.ts';
import { openPostgresDatabases, postgresMissing, postgresProgramsMissing } from '../support/postgres-server.ts';
import { registryClient } from '../support/registry-client.ts';
import { requestS3, type S3Server } from '../support/request-s3.ts';
import { freshPrefix, useS3Server, whyNoS3 } from '../support/s3-server.ts';
import { type SpawnedServer, spawnServer } from '../support/spawn-server.ts';
import { runLongshore, scratchDirectory } from './run-longshore.ts';

const run = promisify(execFile);
const skip = postgresMissing() ?? postgresProgramsMissing() ?? whyNoS3() ?? false;

const clientOf = async (server: SpawnedServer) =>
  registryClient({ origin: server.origin, token: await server.dockerToken() });

/** As `aws s3 sync` does it; answers how many objects there were. */
async function copyObjects(s3: S3Server, from: string, to: string): Promise<number> {
  const list = await requestS3(s3, 'GET', `?list-type=2&prefix=${encodeURIComponent(from)}`);
  assert.equal(list.status, 200, list.text);
  const keys = [...list.text.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = '']) => key);
  for (const key of keys) {
    const { bytes } = await requestS3(s3, 'GET', `/${key}`);
    const put = await requestS3(s3, 'PUT', `/${to}${key.slice(from.length)}`, bytes);
    assert.equal(put.status, 200, put.text);
  }
  return keys.length;
}

test('a dump of the database and a later copy of the objects bring back all that was acknowledged before', {
  skip,
}, async (t) => {
  const databases = await openPostgresDatabases();
  const s3 = await useS3Server();
  const directory = await scratchDirectory(t);
  const servers: SpawnedServer[] = [];
  t.after(async () => {
    for (const server of servers) await server.stop();
    await databases.stop();
    await s3.stop();
  });
  const start = async (database: string, prefix: string, name: string) => {
    const environment = {
      LONGSHORE_DATABASE: database,
      LONGSHORE_BLOBS: `s3://${s3.bucket}/${prefix}`,
      LONGSHORE_S3_ENDPOINT: s3.endpoint,
      LONGSHORE_S3_REGION: s3.region,
      LONGSHORE_S3_ACCESS_KEY_ID: s3.accessKeyId,
      LONGSHORE_S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
      LONGSHORE_BLOB_DELIVERY: 'proxy',
      LONGSHORE_SECRET: 'the-one-that-both-installations-have',
    };
    const stores = { settings: {}, environment, dispose: async () => undefined };
    const server = await spawnServer({ stores, dataDirectory: join(directory, name) });
    servers.push(server);
    return { server, env: { ...environment, LONGSHORE_DATA: server.dataDirectory } };
  };

  const [database, prefix] = [await databases.createDatabase(), freshPrefix()];
  const { server } = await start(database, prefix, 'old');
  const { origin, region, accessKeyId, secretAccessKey } = server;
  const ecr = new ECRClient({ endpoint: origin, region, credentials: { accessKeyId, secretAccessKey } });
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'app' }));
  ecr.destroy();
  const acknowledged = new Map<string, string>();
  const client = await clientOf(server);
  const push = async (tag: string, layerBytes: number) => {
    const image = makeImage({ seed: tag, layerBytes });
    await client.pushImage('app', image, tag);
    acknowledged.set(tag, image.digest);
  };
  // One as multipart, whose ETag no copy keeps.
  await push('large', 7 * 1024 * 1024);
  for (let at = 0; at < 5; at++) await push(`before${at}`, 20_000);
  const before = new Map(acknowledged);

  let stopped = false;
  const load = (async () => {
    for (let at = 0; !stopped; at++) await push(`during${at}`, 20_000);
  })();
  const programs = findPostgresPrograms();
  assert.ok(typeof programs !== 'string');
  const dump = join(directory, 'longshore.dump');
  await run(join(programs.directory, 'pg_dump'), ['--format=custom', `--file=${dump}`, database]);
  const copied = freshPrefix();
  const objects = await copyObjects(s3, prefix, copied);
  stopped = true;
  await load;
  assert.ok(objects >= 3 * before.size, `${objects} objects`);
  await server.terminate();

  const restored = await databases.createDatabase();
  await run(join(programs.directory, 'pg_restore'), ['--no-owner', `--dbname=${restored}`, dump]);
  const { server: again, env } = await start(restored, copied, 'new');
  const reader = await clientOf(again);
  for (const [tag, digest] of before) assert.equal(await reader.checkImage('app', tag), digest, tag);
  const verified = await runLongshore(['verify', '--json'], { env });
  assert.deepEqual([verified.code, JSON.parse(verified.stdout).findings], [0, 0], verified.stdout);
});
