import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DataInUse, lockData, runningServer } from './data-lock.ts';
import { deriveKeys } from './derive-keys.ts';
import { KeyFileProblem, openKeys } from './key-file.ts';
import { openRootAccessKey } from './root-access-key.ts';

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-keys-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'below', 'data');
}

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

test('keys are made once, for the owner only, and nothing else is left', async (t) => {
  const data = await scratch(t);
  const keys = await openKeys(data);
  assert.deepEqual(await openKeys(data), keys);
  assert.equal(
    new Set([keys.dockerToken, keys.pageToken, keys.seal].map((key) => Buffer.from(key).toString('hex'))).size,
    3,
  );
  assert.deepEqual(await readdir(data), ['keys.json']);
  assert.equal(await modeOf(join(data, 'keys.json')), 0o600);
  assert.equal(await modeOf(data), 0o700);
});

test('first starts at the same time end up with the same keys', async (t) => {
  const data = await scratch(t);
  const all = await Promise.all(Array.from({ length: 8 }, () => openKeys(data)));
  for (const keys of all) assert.deepEqual(keys, all[0]);
  const roots = await Promise.all(Array.from({ length: 8 }, () => openRootAccessKey(data, '000000000000')));
  for (const root of roots) assert.deepEqual(root, roots[0]);
});

test('keys that are gone while what they sealed is there are not made anew', async (t) => {
  const data = await scratch(t);
  let sealed: string | undefined;
  const madeBefore = async () => sealed;
  await openKeys(data, { madeBefore });
  sealed = 'the database is there.';
  await openKeys(data, { madeBefore });
  await unlink(join(data, 'keys.json'));
  await assert.rejects(
    openKeys(data, { madeBefore }),
    (error) =>
      error instanceof KeyFileProblem && error.message.endsWith('keys.json is missing, but the database is there.'),
  );
});

test('keys of a secret are the same everywhere, differ from each other and from those of another secret', () => {
  const keys = deriveKeys('a'.repeat(32));
  assert.deepEqual(deriveKeys('a'.repeat(32)), keys);
  const all = [keys, deriveKeys(`${'a'.repeat(31)}b`)].flatMap((one) => Object.values(one));
  assert.equal(new Set(all.map((key) => Buffer.from(key).toString('hex'))).size, 6);
  for (const key of all) assert.equal(key.length, 32);
  // Changing how keys are made would lock every installation out of what it has sealed.
  assert.equal(
    Buffer.from(keys.seal).toString('hex'),
    'a50356cde22b1f90454548c5fe97dc2e8512b4837f43a6034a21b7265c45aa20',
  );
});

for (const [name, text] of Object.entries({
  'no JSON': 'x',
  null: 'null',
  'another version': '{"version":2}',
  'a short key': `{"version":1,"dockerToken":"AAAA","pageToken":"AAAA","seal":"AAAA"}`,
})) {
  test(`a key file with ${name} is refused in words, not with a stack`, async (t) => {
    const data = await scratch(t);
    await openKeys(data);
    await writeFile(join(data, 'keys.json'), text);
    await assert.rejects(openKeys(data), KeyFileProblem);
  });
}

test('a root key has the shape of AWS keys, stays, and settings replace it for good', async (t) => {
  const data = await scratch(t);
  const made = await openRootAccessKey(data, '000000000000');
  assert.match(made.accessKeyId, /^AKIA[A-Z2-7]{16}$/);
  assert.equal(made.secretAccessKey.length, 40);
  assert.deepEqual(await openRootAccessKey(data, '000000000000'), made);
  const fixed = { accessKeyId: 'AKIAFIXEDFIXEDFIXED0', secretAccessKey: 'fixed-fixed-fixed-fixed' };
  assert.deepEqual(await openRootAccessKey(data, '000000000000', fixed), { accountId: '000000000000', ...fixed });
  assert.deepEqual(await openRootAccessKey(data, '000000000000'), { accountId: '000000000000', ...fixed });
  const file = join(data, 'root-access-key-000000000000.json');
  assert.equal(await modeOf(file), 0o600);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')).AccountId, '000000000000');
});

test('a second server is refused with the name of the first, and follows it', async (t) => {
  const data = await scratch(t);
  const first = await lockData(data);
  await first.announce('http://127.0.0.1:1');
  await assert.rejects(
    lockData(data),
    (error) => error instanceof DataInUse && error.message.includes(`process ${process.pid} on`),
  );
  assert.equal((await runningServer(data))?.origin, 'http://127.0.0.1:1');
  await first.release();
  assert.equal(await runningServer(data), undefined);
  const second = await lockData(data);
  await second.release();
});

test('a server that was killed keeps nobody away', async (t) => {
  const data = await scratch(t);
  const holder = new URL('data-lock.ts', import.meta.url).href;
  const program = `import { lockData } from ${JSON.stringify(holder)};
    const lock = await lockData(${JSON.stringify(data)});
    await lock.announce('http://127.0.0.1:2');
    process.send('locked');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'message');
  await assert.rejects(lockData(data), DataInUse);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  assert.equal(await runningServer(data), undefined, 'what the dead server told of itself is not believed');
  const lock = await lockData(data);
  await lock.release();
});
