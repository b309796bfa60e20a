/** Each command of the program, run as a user runs it: what it prints, and its exit code. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { CreateRepositoryCommand, DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { spawnServer } from '../support/spawn-server.ts';
import { pushImage } from './push-image.ts';
import { runLongshore, scratchDirectory } from './run-longshore.ts';

describe('version, help and wrong usage', () => {
  test('version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    const { code, stdout } = await runLongshore(['version']);
    assert.deepEqual([code, stdout.split(' ')[1]], [0, version]);
    assert.equal(JSON.parse((await runLongshore(['version', '--json'])).stdout).version, version);
  });

  test('help is no failure', async () => {
    const { code, stdout } = await runLongshore(['serve', '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /--listen <host:port>/);
  });

  const wrong: readonly (readonly [args: string[], said: RegExp])[] = [
    [['srve'], /unknown command 'srve'[\s\S]*serve/],
    [['serve', '--lisen', 'x'], /unknown option '--lisen'[\s\S]*--listen/],
    [['serve', '--listen', 'x'], /^--listen must be HOST:PORT/],
    [['config', '--config', '/nonexistent/file'], /cannot be read/],
    [['account', 'create', '12'], /must be 12 digits/],
    [['env', '--region', 'nowhere'], /--region must be the name of a region/],
    [['env', '--account', '111111111111', '--account', '222222222222'], /--hosts/],
  ];
  for (const [args, said] of wrong) {
    test(`longshore ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await runLongshore(args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, said);
      assert.doesNotMatch(stderr, /\n {4}at /);
    });
  }
});

test('config prints every setting with its origin and no secret', async (t) => {
  const directory = await scratchDirectory(t);
  const file = join(directory, 'longshore.yaml');
  await writeFile(file, 'region: eu-west-1\n');
  const env = {
    LONGSHORE_CONFIG: file,
    LONGSHORE_DATA: '/somewhere',
    LONGSHORE_ROOT_ACCESS_KEY_ID: 'AKIAAAAAAAAAAAAAAAAA',
    LONGSHORE_ROOT_SECRET_ACCESS_KEY: 'do-not-print-this-secret',
  };
  const { code, stdout } = await runLongshore(['config', '--listen', ':80'], { env });
  assert.equal(code, 0);
  assert.match(stdout, /^listen +:80 +flag --listen$/m);
  assert.match(stdout, /^data +\/somewhere +variable LONGSHORE_DATA$/m);
  assert.match(stdout, /^region +eu-west-1 +file$/m);
  assert.match(stdout, /^root-secret-access-key +\(secret\) /m);
  const json = await runLongshore(['config', '--json'], { env });
  assert.deepEqual(JSON.parse(json.stdout).region, { value: 'eu-west-1', from: 'file' });
  assert.doesNotMatch(stdout + json.stdout, /do-not-print/);
});

test('env before the first start prints what the server will take', async (t) => {
  const data = join(await scratchDirectory(t), "it's data");
  const { stdout } = await runLongshore(['env', '--data', data, '--json']);
  const variables = JSON.parse(stdout);
  assert.equal(variables.AWS_ENDPOINT_URL, 'http://127.0.0.1:4510');
  // Without the variables that fix a key, the server keeps the one that env made.
  const server = await spawnServer({
    dataDirectory: data,
    env: { LONGSHORE_ROOT_ACCESS_KEY_ID: '', LONGSHORE_ROOT_SECRET_ACCESS_KEY: '' },
  });
  t.after(() => server.stop());
  const shell = promisify(execFile);
  const print =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's, not ours.
    'eval "$("$0" "$1" env --data "$2")"; echo "$AWS_ACCESS_KEY_ID|$AWS_SECRET_ACCESS_KEY|$AWS_REGION|$AWS_ENDPOINT_URL|${AWS_SESSION_TOKEN-none}"';
  const program = new URL('../../bin/longshore.mjs', import.meta.url).pathname;
  const { stdout: seen } = await shell('sh', ['-c', print, process.execPath, program, data], {
    env: { PATH: process.env.PATH, AWS_SESSION_TOKEN: 'stale' },
  });
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = variables;
  assert.equal(seen.trim(), `${id}|${secret}|us-east-1|${server.origin}|none`);
});

test('accounts are made, seen by the running server at once, and deleted', async (t) => {
  const server = await spawnServer();
  t.after(() => server.stop());
  const data = ['--data', server.dataDirectory];

  const created = await runLongshore(['account', 'create', '111111111111', '--json', ...data]);
  const key = JSON.parse(created.stdout);
  assert.deepEqual(Object.keys(key), ['AccountId', 'AccessKeyId', 'SecretAccessKey']);
  const ecr = new ECRClient({
    endpoint: server.origin,
    region: 'eu-west-1',
    credentials: { accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey },
    maxAttempts: 1,
  });
  t.after(() => ecr.destroy());
  const { repository } = await ecr.send(new CreateRepositoryCommand({ repositoryName: 'app' }));
  assert.equal(repository?.repositoryArn, 'arn:aws:ecr:eu-west-1:111111111111:repository/app');

  const again = await runLongshore(['account', 'create', '111111111111', ...data]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /already/);
  const list = JSON.parse((await runLongshore(['account', 'list', '--json', ...data])).stdout);
  assert.deepEqual(
    list.map(({ AccountId }: { AccountId: string }) => AccountId),
    ['000000000000', '111111111111'],
  );
  const env = JSON.parse((await runLongshore(['env', '--account', '111111111111', '--json', ...data])).stdout);
  assert.equal(env.AWS_ACCESS_KEY_ID, key.AccessKeyId);
  const hosts = (await runLongshore(['env', '--hosts', '--region', 'eu-west-1', ...data])).stdout;
  assert.match(hosts, /^127\.0\.0\.1 111111111111\.dkr\.ecr\.eu-west-1\.localhost$/m);

  const full = await runLongshore(['account', 'delete', '111111111111', ...data]);
  assert.deepEqual([full.code, /has repositories/.test(full.stderr)], [1, true]);
  const own = await runLongshore(['account', 'delete', '000000000000', ...data]);
  assert.equal(own.code, 1);

  const { AccountId } = JSON.parse((await runLongshore(['account', 'create', '--json', ...data])).stdout);
  assert.match(AccountId, /^[1-9]\d{11}$/);
  assert.equal((await runLongshore(['account', 'delete', AccountId, ...data])).code, 0);
  assert.equal((await runLongshore(['account', 'delete', AccountId, ...data])).code, 1);
});

test('a deleted account is nobody at once', async (t) => {
  const server = await spawnServer();
  t.after(() => server.stop());
  const data = ['--data', server.dataDirectory];
  const key = JSON.parse((await runLongshore(['account', 'create', '--json', ...data])).stdout);
  const credentials = { accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey };
  const ecr = new ECRClient({ endpoint: server.origin, region: 'us-east-1', credentials, maxAttempts: 1 });
  t.after(() => ecr.destroy());
  await ecr.send(new DescribeRepositoriesCommand({}));
  assert.equal((await runLongshore(['account', 'delete', key.AccountId, ...data])).code, 0);
  await assert.rejects(ecr.send(new DescribeRepositoriesCommand({})), { name: 'UnrecognizedClientException' });
});

test('verify finds what is damaged and what is gone, beside a running server, and nothing when all is good', async (t) => {
  const server = await spawnServer();
  t.after(() => server.stop());
  const image = await pushImage(server, 'app', 'one');
  const data = ['--data', server.dataDirectory];
  const good = await runLongshore(['verify', ...data]);
  assert.deepEqual([good.code, good.stdout], [0, 'Read 3 layers (1.2 KiB) and 1 manifest: all good.\n']);
  const { layers, bytes, images, findings } = JSON.parse((await runLongshore(['verify', '--json', ...data])).stdout);
  assert.deepEqual([layers, bytes, images, findings], [image.layers.length, image.bytes, 1, 0]);

  const [cut, gone] = image.layers.map((digest) => objectOf(server.dataDirectory, digest));
  await truncate(cut!, 1);
  await unlink(gone!);
  const bad = await runLongshore(['verify', '--json', ...data]);
  assert.equal(bad.code, 1);
  const lines = bad.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines
      .slice(0, -1)
      .map(({ kind, digest }) => [kind, digest])
      .sort(),
    [
      ['layer-damaged', image.layers[0]],
      ['layer-missing', image.layers[1]],
    ].sort(),
  );
  assert.equal(lines.at(-1).findings, 2);
  assert.match((await runLongshore(['verify', ...data])).stdout, /^LAYER-MISSING sha256:[0-9a-f]{64} \(/m);
});

function objectOf(data: string, digest: string): string {
  const hex = digest.replace('sha256:', '');
  const [name] = readdirSync(join(data, 'blobs'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.includes(`${hex}.`),
  );
  assert.ok(name !== undefined, digest);
  return join(data, 'blobs', name);
}
