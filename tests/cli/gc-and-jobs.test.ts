/** `longshore gc` and `longshore jobs`, run as a user runs them, with and without a server beside. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { BatchDeleteImageCommand, DeleteRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { rawRequest } from '../support/raw-request.ts';
import { type SpawnedServer, spawnServer } from '../support/spawn-server.ts';
import { sqliteAndFiles } from '../support/test-stores.ts';
import { type PushedImage, pushImage } from './push-image.ts';
import { runLongshore, scratchDirectory } from './run-longshore.ts';

/** The least there is: whatever is unreferenced may go. */
const settings = { LONGSHORE_LAYER_GRACE_PERIOD: '1ms', LONGSHORE_COLLECT_INTERVAL: '0' };

interface Installation {
  readonly data: string;
  readonly server: SpawnedServer;
  /** Of the image that was deleted. */
  readonly garbage: PushedImage;
  run(...args: string[]): ReturnType<typeof runLongshore>;
}

/** A server with an image that stays and one that was deleted. */
async function installation(t: Parameters<typeof scratchDirectory>[0]): Promise<Installation> {
  const data = await scratchDirectory(t);
  const server = await spawnServer({ dataDirectory: data, stores: sqliteAndFiles, env: settings });
  t.after(() => server.stop());
  await pushImage(server, 'kept', 'v1');
  const garbage = await pushImage(server, 'team/app', 'v1');
  await withEcr(server, (ecr) =>
    ecr.send(new BatchDeleteImageCommand({ repositoryName: 'team/app', imageIds: [{ imageTag: 'v1' }] })),
  );
  const run = (...args: string[]) => runLongshore([...args, '--data', data], { env: settings });
  return { data, server, garbage, run };
}

async function withEcr(server: SpawnedServer, work: (ecr: ECRClient) => Promise<unknown>): Promise<void> {
  const { origin, region, accessKeyId, secretAccessKey } = server;
  const ecr = new ECRClient({ endpoint: origin, region, credentials: { accessKeyId, secretAccessKey } });
  try {
    await work(ecr);
  } finally {
    ecr.destroy();
  }
}

/** Layers and uploads; not the mark, which says whose they are. */
const files = (data: string) =>
  readdirSync(join(data, 'blobs'), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name !== 'installation',
  ).length;

describe('gc', () => {
  test('--dry-run says what would go and removes nothing', async (t) => {
    const { data, garbage, run } = await installation(t);
    const before = files(data);
    const json = await run('gc', '--dry-run', '--json');
    assert.equal(json.code, 0, json.stderr);
    const plan = JSON.parse(json.stdout);
    assert.deepEqual(plan.repositories, [
      {
        accountId: '000000000000',
        region: 'us-east-1',
        repositoryName: 'team/app',
        deleted: false,
        images: 0,
        layers: garbage.layers.length,
        bytes: garbage.bytes,
      },
    ]);
    assert.equal(plan.bytes, garbage.bytes);
    const text = await run('gc', '--dry-run');
    assert.match(text.stdout, new RegExp(`^000000000000/us-east-1/team/app: ${garbage.layers.length} layers, `));
    assert.match(text.stdout, /would be freed\.\n$/);
    assert.equal(files(data), before);
  });

  test('--now without a server collects here', async (t) => {
    const { data, server, garbage, run } = await installation(t);
    await server.terminate();
    const before = files(data);
    const { code, stdout, stderr } = await run('gc', '--now', '--json');
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), {
      images: 0,
      layers: garbage.layers.length,
      objects: garbage.layers.length,
      bytesFreed: garbage.bytes,
    });
    assert.equal(files(data), before - garbage.layers.length);
    assert.equal((await run('gc', '--now')).stdout, 'There was nothing to collect.\n');
    assert.equal((await run('gc', '--dry-run')).stdout, 'There is nothing to collect.\n');
    assert.match((await run('verify')).stdout, /all good/);
  });

  test('--now beside a server lets that collect, deleted repositories too, and follows', async (t) => {
    const { data, server, garbage, run } = await installation(t);
    await withEcr(server, (ecr) => ecr.send(new DeleteRepositoryCommand({ repositoryName: 'kept', force: true })));
    const { code, stdout, stderr } = await run('gc', '--now');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Removed .* freed\.\n$/);
    const [job] = JSON.parse((await run('jobs', '--json')).stdout).filter(
      ({ kind }: { kind: string }) => kind === 'collect-layers',
    );
    assert.equal(job.state, 'done');
    assert(job.progress.blobs >= garbage.layers.length);
    assert.equal((await run('gc', '--now')).code, 0);
    assert.equal(files(data), 0);
    assert.match(server.output(), /unreferenced layers removed/);
    const metrics = (await rawRequest(server.origin, 'GET', '/metrics')).body.toString();
    assert.match(metrics, /^longshore_job_attempts_total\{kind="collect-layers",outcome="done"\} 2$/m);
    assert.match(metrics, /^longshore_collected_total\{what="objects"\} [1-9]/m);
    assert.match(metrics, /^longshore_collected_bytes_total [1-9]/m);
    assert.match(metrics, /^longshore_damaged_layers 0$/m);
    assert.match(metrics, /^# TYPE longshore_jobs gauge$/m);
  });

  for (const [args, code, said] of [
    [['gc'], 2, /--dry-run .* --now/],
    [['gc', '--now', '--dry-run'], 2, /--dry-run .* --now/],
    [['gc', '--now', '--data', '/nonexistent'], 1, /nothing to collect.*--data/],
  ] as const) {
    test(`longshore ${args.join(' ')}`, async () => {
      const run = await runLongshore(args);
      assert.deepEqual([run.code, run.stdout], [code, '']);
      assert.match(run.stderr, said);
      assert.doesNotMatch(run.stderr, /\n {4}at /);
    });
  }
});

describe('jobs', () => {
  test('lists, shows and retries', async (t) => {
    const { data, server, run } = await installation(t);
    await server.terminate();
    assert.equal((await run('gc', '--now')).code, 0);
    const [done] = JSON.parse((await run('jobs', 'list', '--json')).stdout);
    assert.deepEqual([done.kind, done.state, done.attempts], ['collect-layers', 'done', 1]);
    const id = String(done.id);
    assert.match(
      (await run('jobs')).stdout,
      /^ID +KIND +STATE.*\n\d+ +collect-layers +done +1 +\S+Z +images 0, layers/,
    );
    assert.match((await run('jobs', 'show', id)).stdout, /^kind +collect-layers\n[\s\S]*^state +done$/m);
    assert.equal((await run('jobs', '--given-up')).stdout, 'There are no such jobs.\n');
    const refused = await run('jobs', 'retry', id);
    assert.deepEqual([refused.code, refused.stderr], [1, `Job ${id} was not given up: it is done.\n`]);

    const database = new DatabaseSync(join(data, 'longshore.db'));
    database.exec(`update jobs set state = 'given-up', error = 'the disk is on fire', attempts = 10 where id = ${id}`);
    database.close();
    assert.match((await run('jobs', '--given-up')).stdout, /given up +10 +\S+ +the disk is on fire\n$/);
    assert.deepEqual((await run('jobs', 'retry', id)).code, 0);
    const again = JSON.parse((await run('jobs', 'show', id, '--json')).stdout);
    assert.deepEqual([again.state, again.attempts, again.error], ['waiting', 0, 'the disk is on fire']);
    assert.equal((await run('jobs', '--given-up', '--json')).stdout, '[]\n');
  });

  test('says what it does not know', async (t) => {
    const { run } = await installation(t);
    for (const command of ['show', 'retry']) {
      const unknown = await run('jobs', command, '12345');
      assert.equal(unknown.code, 1);
      assert.match(unknown.stderr, /There is no job 12345/);
      assert.equal((await run('jobs', command, 'x')).code, 2);
    }
    assert.equal((await run('jobs', '--limit', '0')).code, 2);
  });
});
