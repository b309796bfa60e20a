/** Backups of a server that takes pushes, cut off and taken again, and what comes back of them: every acknowledged image, byte for byte. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { makeImage } from '../support/make-image.ts';
import { registryClient } from '../support/registry-client.ts';
import { programPath, type SpawnedServer, spawnServer } from '../support/spawn-server.ts';
import { sqliteAndFiles } from '../support/test-stores.ts';
import { runLongshore, scratchDirectory } from './run-longshore.ts';

async function serverWithRepository(t: TestContext, dataDirectory?: string): Promise<SpawnedServer> {
  const server = await spawnServer({ stores: sqliteAndFiles, ...(dataDirectory && { dataDirectory }) });
  t.after(() => server.stop());
  const { origin, region, accessKeyId, secretAccessKey } = server;
  const ecr = new ECRClient({ endpoint: origin, region, credentials: { accessKeyId, secretAccessKey } });
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'app' }));
  ecr.destroy();
  return server;
}

const clientOf = async (server: SpawnedServer) =>
  registryClient({ origin: server.origin, token: await server.dockerToken() });

/** Pushes images until `stop`; tells which were acknowledged so far. */
async function pushOn(server: SpawnedServer) {
  const client = await clientOf(server);
  const acknowledged = new Map<string, string>();
  let stopped = false;
  const pushing = (async () => {
    for (let at = 0; !stopped; at++) {
      const image = makeImage({ seed: `image ${at}`, layers: 2, layerBytes: 20_000 + (at % 5) * 60_000 });
      await client.pushImage('app', image, `t${at}`);
      acknowledged.set(`t${at}`, image.digest);
    }
  })();
  return {
    acknowledged,
    async reaches(count: number) {
      while (acknowledged.size < count) await Promise.race([pushing, sleep(5)]);
    },
    async stop() {
      stopped = true;
      await pushing;
    },
  };
}

/** Starts a backup and kills it when it has copied so many layers. */
async function killBackup(args: readonly string[], backup: string, afterLayers: number): Promise<void> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LONGSHORE_')));
  const child = spawn(process.execPath, [programPath, ...args], { stdio: 'ignore', env });
  const gone = once(child, 'exit');
  while (child.exitCode === null && (await layersIn(backup)) < afterLayers) await sleep(2);
  child.kill('SIGKILL');
  await gone;
}

async function layersIn(backup: string): Promise<number> {
  const names = await readdir(join(backup, 'layers'), { recursive: true }).catch(() => [] as string[]);
  return names.filter((name) => /[0-9a-f]{64}$/.test(name)).length;
}

test('a backup under load, killed and taken again, brings back all that was acknowledged before it', async (t) => {
  const directory = await scratchDirectory(t);
  const backup = join(directory, 'backup');
  const server = await serverWithRepository(t);
  const args = ['backup', backup, '--data', server.dataDirectory];
  const load = await pushOn(server);
  await load.reaches(20);
  await killBackup(args, backup, 10);
  assert.deepEqual(await readdir(join(backup, 'snapshots')), [], 'killed before it was complete');

  const before = new Map(load.acknowledged);
  const first = await runLongshore([...args, '--json']);
  assert.deepEqual([first.code, first.stderr], [0, '']);
  const sums = JSON.parse(first.stdout);
  assert.ok(sums.copied.layers < sums.layers, 'what the killed one had copied was not copied again');
  assert.deepEqual(sums.lost, []);

  const second = JSON.parse((await runLongshore([...args, '--json', '--keep', '1'])).stdout);
  assert.deepEqual(second.removed.snapshots, [sums.snapshot]);
  await load.stop();

  const data = join(directory, 'restored');
  const restored = await runLongshore(['restore', backup, '--data', data]);
  assert.equal(restored.code, 0, restored.stderr);
  assert.match(restored.stdout, /Restored\. Next: .* doctor --data/);
  const again = await spawnServer({ stores: sqliteAndFiles, dataDirectory: data });
  t.after(() => again.stop());
  const client = await clientOf(again);
  assert.ok(before.size >= 20);
  for (const [tag, digest] of before) assert.equal(await client.checkImage('app', tag), digest);
  const verified = await runLongshore(['verify', '--data', data, '--json']);
  assert.deepEqual([verified.code, JSON.parse(verified.stdout).findings], [0, 0], verified.stdout);
  // The restored one goes on as any other.
  const image = makeImage({ seed: 'after the restore' });
  await client.pushImage('app', image, 'after');
  assert.equal(await client.checkImage('app', 'after'), image.digest);
});

test('the commands say what is there, what is damaged, and what they refuse', async (t) => {
  const directory = await scratchDirectory(t);
  const backup = join(directory, 'backup');
  const server = await serverWithRepository(t);
  await (await clientOf(server)).pushImage('app', makeImage({ seed: 'one' }), 'one');
  const data = ['--data', server.dataDirectory];

  const none = await runLongshore(['backup', backup, '--list']);
  assert.deepEqual([none.code, none.stdout], [1, '']);
  assert.match(none.stderr, /There is no backup in .* makes one/);
  const nothing = await runLongshore(['backup', backup, '--data', join(directory, 'typo')]);
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /nothing to back up/);
  assert.equal((await runLongshore(['backup', backup, ...data, '--keep', '0'])).code, 2);
  const taken = await runLongshore(['backup', backup, ...data]);
  assert.equal(taken.code, 0, taken.stderr);
  assert.match(taken.stdout, /^Snapshot .*: 3 layers .* of which 3 layers .* had to be copied\.\nThe keys are in it/);
  const list = await runLongshore(['backup', backup, '--list', '--json']);
  assert.equal(JSON.parse(list.stdout)[0].layers, 3);

  const refused = await runLongshore(['restore', backup, ...data]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /There is a database already/);
  assert.equal((await runLongshore(['restore', backup, '--snapshot', 'x', '--dry-run'])).code, 2);
  assert.equal((await runLongshore(['restore', backup, '--dry-run'])).code, 0);

  const layers = (await readdir(join(backup, 'layers'), { recursive: true })).filter((name) =>
    /[0-9a-f]{64}$/.test(name),
  );
  const rotten = join(backup, 'layers', layers[0]!);
  const bytes = await readFile(rotten);
  bytes[0]! ^= 1;
  await rm(rotten);
  await writeFile(rotten, bytes);
  const checked = await runLongshore(['restore', backup, '--dry-run']);
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, /1 layer lost\.\nLOST sha256:/);
  assert.equal((await runLongshore(['backup', backup, ...data, '--verify'])).code, 0);
  assert.equal((await runLongshore(['restore', backup, '--dry-run'])).code, 0);
});
