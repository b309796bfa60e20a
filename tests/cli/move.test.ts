/** From SQLite and files to PostgreSQL and S3 while pushes go on, cut off and taken up again; nothing acknowledged is lost, no key changes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { makeImage } from '../support/make-image.ts';
import { openPostgresDatabases, postgresMissing } from '../support/postgres-server.ts';
import { registryClient } from '../support/registry-client.ts';
import { freshPrefix, useS3Server, whyNoS3 } from '../support/s3-server.ts';
import { programPath, type SpawnedServer, spawnServer } from '../support/spawn-server.ts';
import { sqliteAndFiles, type TestStores } from '../support/test-stores.ts';
import { runLongshore, scratchDirectory } from './run-longshore.ts';

const secret = 'a-secret-that-all-nodes-of-this-test-share';

interface Target {
  /** Flags of `move`. */
  readonly to: readonly string[];
  /** The settings of the new installation, as variables. */
  readonly environment: Record<string, string>;
}

async function newDatabase(t: TestContext): Promise<string> {
  const databases = await openPostgresDatabases();
  t.after(() => databases.stop());
  return databases.createDatabase();
}

async function newPrefix(t: TestContext): Promise<Target> {
  const s3 = await useS3Server();
  t.after(() => s3.stop());
  const settings = {
    blobs: `s3://${s3.bucket}/${freshPrefix()}`,
    's3-endpoint': s3.endpoint,
    's3-region': s3.region,
    's3-access-key-id': s3.accessKeyId,
    's3-secret-access-key': s3.secretAccessKey,
  };
  return targetOf(settings);
}

function targetOf(settings: Record<string, string>): Target {
  const entries = Object.entries(settings);
  return {
    to: entries.flatMap(([name, value]) => [`--to-${name}`, value]),
    environment: Object.fromEntries(
      entries.map(([name, value]) => [`LONGSHORE_${name.replaceAll('-', '_').toUpperCase()}`, value]),
    ),
  };
}

async function filledServer(t: TestContext, images: number) {
  const dataDirectory = join(await scratchDirectory(t), 'data');
  const server = await spawnServer({ stores: sqliteAndFiles, dataDirectory });
  t.after(() => server.stop());
  const { origin, region, accessKeyId, secretAccessKey } = server;
  const ecr = new ECRClient({ endpoint: origin, region, credentials: { accessKeyId, secretAccessKey } });
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'app' }));
  ecr.destroy();
  const acknowledged = new Map<string, string>();
  const push = async (tag: string) => {
    const image = makeImage({ seed: tag, layers: 2, layerBytes: 30_000 });
    await (await clientOf(server)).pushImage('app', image, tag);
    acknowledged.set(tag, image.digest);
  };
  for (let at = 0; at < images; at++) await push(`t${at}`);
  const account = await runLongshore(['account', 'create', '111111111111', '--json', '--data', dataDirectory]);
  assert.equal(account.code, 0, account.stderr);
  return { server, acknowledged, push, account: JSON.parse(account.stdout) };
}

const clientOf = async (server: SpawnedServer) =>
  registryClient({ origin: server.origin, token: await server.dockerToken() });

function startMove(
  t: TestContext,
  args: readonly string[],
): { child: ChildProcess; said(): string; ended: Promise<unknown[]> } {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(LONGSHORE|AWS)_/.test(name)));
  const child = spawn(process.execPath, [programPath, 'move', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  return { child, said: () => said, ended: once(child, 'close') };
}

async function until(said: () => string, wanted: RegExp, child: ChildProcess): Promise<void> {
  while (!wanted.test(said())) {
    if (child.exitCode !== null) throw new Error(`the move ended with ${child.exitCode}:\n${said()}`);
    await sleep(10);
  }
}

async function moveUnderLoad(t: TestContext, target: Target): Promise<void> {
  const { server, acknowledged, push, account } = await filledServer(t, 12);
  const args = ['--data', server.dataDirectory, ...target.to, '--to-secret', secret];

  const cutOff = startMove(t, args);
  await until(cutOff.said, /Now stop the server, process \d+/, cutOff.child);
  cutOff.child.kill('SIGKILL');
  await cutOff.ended;
  await push('between');
  assert.equal(await (await clientOf(server)).checkImage('app', 't0'), acknowledged.get('t0'), 'the old one serves on');

  const refused = await runLongshore(['move', ...args, '--no-wait']);
  assert.deepEqual([refused.code, /Still served by/.test(refused.stderr)], [2, true], refused.stderr);

  const move = startMove(t, args);
  await until(move.said, /Now stop the server, process \d+/, move.child);
  await push('late');
  await server.terminate();
  const [code] = await move.ended;
  assert.equal(code, 0, move.said());
  assert.match(move.said(), /Moved\. Start every node with these settings/);
  assert.ok(!move.said().includes(secret), 'secrets are not printed');

  const stores: TestStores = {
    settings: {},
    environment: { ...target.environment, LONGSHORE_SECRET: secret, LONGSHORE_BLOB_DELIVERY: 'proxy' },
    dispose: async () => undefined,
  };
  const moved = await spawnServer({ stores, dataDirectory: server.dataDirectory });
  t.after(() => moved.stop());
  const client = await clientOf(moved);
  for (const [tag, digest] of acknowledged) assert.equal(await client.checkImage('app', tag), digest, tag);
  const image = makeImage({ seed: 'after' });
  await client.pushImage('app', image, 'after');
  assert.equal(await client.checkImage('app', 'after'), image.digest);

  const env = { ...stores.environment, LONGSHORE_DATA: server.dataDirectory };
  const key = await runLongshore(['env', '--account', '111111111111', '--json'], { env });
  assert.equal(JSON.parse(key.stdout).AWS_SECRET_ACCESS_KEY, account.SecretAccessKey, 'keys open with the new secret');
  const verified = await runLongshore(['verify', '--json'], { env });
  assert.deepEqual([verified.code, JSON.parse(verified.stdout).findings], [0, 0], verified.stdout);
  const again = await runLongshore(['move', ...args]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /There is an installation in that PostgreSQL database already/);
}

test('to PostgreSQL, with the layers where they are', { skip: postgresMissing() ?? false }, async (t) => {
  await moveUnderLoad(t, targetOf({ database: await newDatabase(t) }));
});

test('to PostgreSQL and S3', { skip: postgresMissing() ?? whyNoS3() ?? false }, async (t) => {
  const s3 = await newPrefix(t);
  const database = targetOf({ database: await newDatabase(t) });
  await moveUnderLoad(t, {
    to: [...database.to, ...s3.to],
    environment: { ...database.environment, ...s3.environment },
  });
});

test('a backup of PostgreSQL and S3 is restored to SQLite and files', {
  skip: postgresMissing() ?? whyNoS3() ?? false,
}, async (t) => {
  const s3 = await newPrefix(t);
  const environment = {
    ...s3.environment,
    LONGSHORE_DATABASE: await newDatabase(t),
    LONGSHORE_SECRET: secret,
    LONGSHORE_BLOB_DELIVERY: 'proxy',
  };
  const directory = await scratchDirectory(t);
  const stores: TestStores = { settings: {}, environment, dispose: async () => undefined };
  const server = await spawnServer({ stores, dataDirectory: join(directory, 'node') });
  t.after(() => server.stop());
  const { origin, region, accessKeyId, secretAccessKey } = server;
  const ecr = new ECRClient({ endpoint: origin, region, credentials: { accessKeyId, secretAccessKey } });
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'app' }));
  ecr.destroy();
  const image = makeImage({ seed: 'in S3', layerBytes: 7 * 1024 * 1024 });
  await (await clientOf(server)).pushImage('app', image, 'one');

  const env = { ...environment, LONGSHORE_DATA: server.dataDirectory };
  const backup = join(directory, 'backup');
  const taken = await runLongshore(['backup', backup], { env });
  assert.equal(taken.code, 0, taken.stderr);
  assert.match(taken.stdout, /The keys are not in it/);
  const data = join(directory, 'restored');
  const keyless = await runLongshore(['restore', backup, '--data', data]);
  assert.deepEqual([keyless.code, /setting `secret`/.test(keyless.stderr)], [1, true], keyless.stderr);
  const restored = await runLongshore(['restore', backup, '--data', data, '--secret', secret]);
  assert.equal(restored.code, 0, restored.stderr);
  const key = await runLongshore(['env', '--data', data, '--secret', secret, '--json']);
  assert.equal(JSON.parse(key.stdout).AWS_ACCESS_KEY_ID, accessKeyId, 'the root key came along');
  const again = await spawnServer({
    stores: { ...sqliteAndFiles, environment: { LONGSHORE_SECRET: secret } },
    dataDirectory: data,
  });
  t.after(() => again.stop());
  assert.equal(await (await clientOf(again)).checkImage('app', 'one'), image.digest);
});

test('a move that leads nowhere is refused before anything happens', async (t) => {
  const data = join(await scratchDirectory(t), 'data');
  for (const [args, said] of [
    [[], /Say where to: --to-database, --to-blobs/],
    [['--to-blobs', 's3://bucket/x'], /the new one needs a place of its own/],
    [['--to-data', join(data, 'other')], /There is nothing to move/],
  ] as const) {
    const { code, stderr } = await runLongshore(['move', '--data', data, ...args]);
    assert.notEqual(code, 0);
    assert.match(stderr, said);
  }
});
