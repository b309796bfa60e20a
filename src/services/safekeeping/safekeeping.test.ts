/** Backup and restore on real files and databases: what is collected, damaged, missing or cut off in between. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { readSecretFiles } from '../../adapters/backup/secret-files.ts';
import { copyDatabase, keysIn, openBackup, openDatabaseCopy, openNewInstallation } from '../../app/open-safekeeping.ts';
import { openStores, type Stores } from '../../app/open-stores.ts';
import { configFor } from '../../config.ts';
import type { BackupPlace, Snapshot } from '../../ports/backup-place.ts';
import type { BlobRecord } from '../../ports/records.ts';
import { type BackUpStep, backUp } from './back-up.ts';
import { storeLayer } from './carry-layer.ts';
import { checkSnapshot } from './check-snapshot.ts';
import { restoreSnapshot } from './restore-snapshot.ts';
import { thinOut } from './thin-out.ts';

interface Bench {
  readonly directory: string;
  readonly data: string;
  readonly stores: Stores;
  readonly place: BackupPlace;
  /** Stores a layer that nobody shows; `size` of 0 is the empty one. */
  add(text: string, size?: number): Promise<BlobRecord>;
  back(options?: { verify?: boolean; onStep?: (step: BackUpStep) => Promise<void>; parallel?: number }): Promise<{
    snapshot: Snapshot;
    rounds: number;
    outcomes: Record<string, number>;
  }>;
}

async function bench(t: TestContext): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-safekeeping-'));
  const data = join(directory, 'data');
  const config = configFor({ data });
  const stores = await openStores(config);
  const place = await openBackup(join(directory, 'backup'), { make: true });
  t.after(async () => {
    await place.close();
    await stores.close();
    await rm(directory, { recursive: true, force: true });
  });
  const { metadata, blobs, clock } = stores.ports;
  return {
    directory,
    data,
    stores,
    place,
    async add(text, size = 100_000) {
      const bytes = Buffer.alloc(size, `${text} `);
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      const stored = await storeLayer(blobs, { digest, size }, Readable.from([bytes]));
      return metadata.write((tx) =>
        tx.blobs.add({ ...stored, damaged: false, createdAt: clock.now(), verifiedAt: clock.now() }),
      );
    },
    async back({ verify = false, onStep, parallel } = {}) {
      const outcomes: Record<string, number> = {};
      let rounds = 0;
      const steps = backUp(stores.ports, place, {
        async copyDatabase(path) {
          await copyDatabase(config, path);
          return openDatabaseCopy(path);
        },
        secretFiles: await readSecretFiles(data),
        verify,
        longshore: 'test',
        ...(parallel === undefined ? {} : { parallel }),
      });
      for await (const step of steps) {
        await onStep?.(step);
        if (step.step === 'database') rounds++;
        else if (step.step === 'layer') outcomes[step.outcome] = (outcomes[step.outcome] ?? 0) + 1;
        else return { snapshot: step.snapshot, rounds, outcomes };
      }
      throw new Error('a backup ends with a snapshot');
    },
  };
}

async function restoreTo(place: BackupPlace, snapshot: Snapshot, data: string, breakAfter?: number) {
  const to = await openNewInstallation(configFor({ data }));
  const outcomes: Record<string, number> = {};
  try {
    let seen = 0;
    for await (const step of restoreSnapshot(place, snapshot, to, { clock: { now: () => 5 }, copyFile, keysIn })) {
      if (step.step !== 'layer') continue;
      outcomes[step.outcome] = (outcomes[step.outcome] ?? 0) + 1;
      if (++seen === breakAfter) break;
    }
  } finally {
    await to.close();
  }
  return outcomes;
}

async function layersOf(data: string): Promise<Record<string, 'good' | 'changed' | 'absent' | 'damaged'>> {
  const { ports, close } = await openStores(configFor({ data }));
  try {
    const found: Record<string, 'good' | 'changed' | 'absent' | 'damaged'> = {};
    for (const blob of await ports.metadata.read((tx) => tx.blobs.list({ limit: 1000 })))
      found[blob.digest] = blob.damaged ? 'damaged' : await ports.blobs.check(blob);
    return found;
  } finally {
    await close();
  }
}

const fileOf = (place: string, digest: string) =>
  join(place, 'backup', 'layers', 'sha256', digest.slice(7, 9), digest.slice(7));

test('a backup is restored with every layer, the keys, and files that look as recorded', async (t) => {
  const { add, back, place, directory, data } = await bench(t);
  const layers = [await add('one'), await add('two', 3_000_000), await add('none', 0)];
  const { snapshot, outcomes } = await back();
  assert.deepEqual(outcomes, { copied: 3 });
  assert.deepEqual([snapshot.manifest.layers, snapshot.manifest.lost], [3, []]);

  const restored = join(directory, 'restored');
  assert.deepEqual(await restoreTo(place, snapshot, restored), { copied: 3 });
  const expected = Object.fromEntries(layers.map(({ digest }) => [digest, 'good']));
  assert.deepEqual(await layersOf(restored), expected);
  assert.equal(await readFile(join(restored, 'keys.json'), 'utf8'), await readFile(join(data, 'keys.json'), 'utf8'));
  for (const secret of ['keys.json', 'longshore.db'])
    assert.equal((await stat(join(restored, secret))).mode & 0o777, 0o600, secret);
  assert.ok(!(await readdir(restored)).includes('unfinished-copy'));
});

test("a restored store has the mark of the installation, one that is another's is refused, and one whose layers are all lost opens", async (t) => {
  const { add, back, place, directory, data } = await bench(t);
  const { digest } = await add('only');
  const { snapshot } = await back();
  const markOf = (where: string) => readFile(join(where, 'blobs', 'installation'), 'utf8');
  const lossy = join(directory, 'lossy');
  const taken = join(directory, 'taken');
  await mkdir(join(taken, 'blobs'), { recursive: true });
  await writeFile(join(taken, 'blobs', 'installation'), 'of another\n');
  await assert.rejects(restoreTo(place, snapshot, taken), { name: 'TargetInUse' });

  const restored = join(directory, 'restored');
  await restoreTo(place, snapshot, restored);
  assert.equal(await markOf(restored), await markOf(data));

  await rm(fileOf(directory, digest));
  assert.deepEqual(await restoreTo(place, snapshot, lossy), { lost: 1 });
  assert.equal(await markOf(lossy), await markOf(data));
  assert.deepEqual(await layersOf(lossy), { [digest]: 'damaged' });
});

test('what a backup has is not copied again, and what nobody names any more goes with its snapshot', async (t) => {
  const { add, back, place, stores } = await bench(t);
  const first = await add('first');
  await back();
  await add('second');
  assert.deepEqual((await back()).outcomes, { kept: 1, copied: 1 });
  await stores.ports.metadata.write((tx) => tx.blobs.deleteIfUnreferenced(first.id));
  const last = await back();
  assert.equal(last.snapshot.manifest.layers, 1);
  assert.deepEqual(await thinOut(place, 2, openDatabaseCopy).then(({ layers }) => layers), 0, 'the second names it');
  const { snapshots, layers } = await thinOut(place, 1, openDatabaseCopy);
  assert.deepEqual([snapshots.length, layers], [1, 1]);
  assert.equal(await place.hasLayer(first), false);
  assert.deepEqual(await place.listSnapshots(), [last.snapshot]);
});

test('a layer that is collected while we copy makes a new snapshot, not a broken one', async (t) => {
  const { add, back, stores } = await bench(t);
  const { metadata, blobs } = stores.ports;
  const doomed = [await add('first'), await add('second'), await add('third')];
  const { snapshot, rounds } = await back({
    parallel: 1,
    async onStep(step) {
      if (step.step !== 'database') return;
      const blob = doomed.pop();
      if (blob === undefined || doomed.length === 0) return;
      await metadata.write((tx) => tx.blobs.deleteIfUnreferenced(blob.id));
      await blobs.remove(blob.location);
    },
  });
  assert.equal(rounds, 2, 'what is collected after it was copied needs no further round');
  assert.deepEqual([snapshot.manifest.layers, snapshot.manifest.lost], [2, []]);
});

test('a layer that is damaged where it is stored is named, and restored as damaged', async (t) => {
  const { add, back, place, directory, data } = await bench(t);
  const [good, bad, gone] = [await add('good'), await add('bad'), await add('gone')];
  const pathOf = ({ location }: BlobRecord) => join(data, 'blobs', location);
  const bytes = await readFile(pathOf(bad));
  bytes[50_000]! ^= 1;
  await writeFile(pathOf(bad), bytes);
  await rm(pathOf(gone));
  const { snapshot, outcomes } = await back();
  assert.deepEqual(outcomes, { copied: 1, lost: 2 });
  assert.deepEqual(snapshot.manifest.lost, [bad.digest, gone.digest].sort());
  const restored = join(directory, 'restored');
  await restoreTo(place, snapshot, restored);
  assert.deepEqual(await layersOf(restored), {
    [good.digest]: 'good',
    [bad.digest]: 'damaged',
    [gone.digest]: 'damaged',
  });
});

test('a layer that was whole in the backup comes back whole, whatever became of it since', async (t) => {
  const { add, back, place, directory, stores } = await bench(t);
  const layer = await add('once good');
  await back();
  await stores.ports.metadata.write((tx) => tx.blobs.setVerified(layer.id, 'damaged'));
  const { snapshot, outcomes } = await back();
  assert.deepEqual(outcomes, { kept: 1 });
  const restored = join(directory, 'restored');
  await restoreTo(place, snapshot, restored);
  assert.deepEqual(await layersOf(restored), { [layer.digest]: 'good' });
});

test('rot in the backup is found by a check, mended by a verifying backup, and never restored', async (t) => {
  const { add, back, place, directory } = await bench(t);
  const [rotten, short, whole] = [await add('rotten'), await add('short'), await add('whole')];
  const { snapshot } = await back();
  await writeFile(fileOf(directory, rotten.digest), Buffer.alloc(rotten.size, 'x'));
  await truncate(fileOf(directory, short.digest), 10);

  const copy = openDatabaseCopy(place.databaseOf(snapshot));
  const found: string[] = [];
  for await (const { digest, whole: good } of checkSnapshot(place, copy)) if (!good) found.push(digest);
  copy.close();
  assert.deepEqual(found.sort(), [rotten.digest, short.digest].sort());

  const restored = join(directory, 'restored');
  assert.deepEqual(await restoreTo(place, snapshot, restored), { lost: 2, copied: 1 });
  assert.deepEqual((await layersOf(restored))[whole.digest], 'good');
  assert.deepEqual((await layersOf(restored))[rotten.digest], 'damaged');

  assert.deepEqual((await back({ verify: true })).outcomes, { copied: 2, kept: 1 });
  assert.equal(await place.verifyLayer(rotten), true);
  assert.deepEqual(await restoreTo(place, snapshot, join(directory, 'again')), { copied: 3 });
});

test('a snapshot whose files were changed is recognised', async (t) => {
  const { back, place, add } = await bench(t);
  await add('one');
  const { snapshot } = await back();
  assert.deepEqual(await place.verifySnapshot(snapshot), []);
  await writeFile(place.databaseOf(snapshot), 'no database');
  assert.deepEqual(await place.verifySnapshot(snapshot), ['database.sqlite']);
});

test('a restore that was cut off leaves no database and goes on where it stopped', async (t) => {
  const { add, back, place, directory } = await bench(t);
  for (let at = 0; at < 40; at++) await add(`layer ${at}`, 1000);
  const { snapshot } = await back();
  const restored = join(directory, 'restored');
  await restoreTo(place, snapshot, restored, 15);
  assert.ok(!(await readdir(restored)).includes('longshore.db'));
  const [first] = (await readdir(join(restored, 'blobs'), { recursive: true })).filter((name) =>
    /\.[0-9a-f]{32}$/.test(name),
  );
  await rm(join(restored, 'blobs', first!));
  const second = await restoreTo(place, snapshot, restored);
  assert.ok((second.kept ?? 0) >= 14, JSON.stringify(second));
  assert.equal((second.kept ?? 0) + (second.copied ?? 0), 40);
  assert.deepEqual(new Set(Object.values(await layersOf(restored))), new Set(['good']));
});

test('an installation is never restored over another', async (t) => {
  const { add, back, place, data } = await bench(t);
  await add('one');
  const { snapshot } = await back();
  await assert.rejects(restoreTo(place, snapshot, data), { name: 'TargetInUse' });
});

test('one process at a time works on a backup, and only on a backup', async (t) => {
  const { directory, data } = await bench(t);
  await assert.rejects(openBackup(join(directory, 'backup')), { name: 'BackupUnavailable' });
  await assert.rejects(openBackup(data, { make: true }), { name: 'BackupUnavailable' });
  await assert.rejects(openBackup(join(directory, 'nothing')), { name: 'BackupUnavailable' });
});
