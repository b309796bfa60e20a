/** What happens to layers between requests: grace periods, damage, garbage, leftovers. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { makeImage } from '../../../../tests/support/make-image.ts';
import { createMemoryEcr, hour, type MemoryEcr } from '../../../../tests/support/memory-ecr.ts';
import { rootCaller } from '../../caller.ts';
import { deleteImages } from '../images/delete-images.ts';
import { findRepository } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { appendUpload } from './append-upload.ts';
import { createCollector } from './collect-layers.ts';
import { deleteLayer } from './delete-layer.ts';
import { expireUploads } from './expire-uploads.ts';
import { findLayer } from './find-layer.ts';
import { findUpload } from './find-upload.ts';
import { mountLayer } from './mount-layer.ts';
import { openLayer } from './open-layer.ts';
import { createBlobScrub } from './scrub-blobs.ts';
import { startUpload } from './start-upload.ts';

let memory: MemoryEcr;
let app: RepositoryRef;
beforeEach(async () => {
  memory = await createMemoryEcr();
  app = await memory.createRepository('app');
});
afterEach(() => memory.close());

const has = async (digest: string, ref = app) => (await findLayer(memory.ecr, ref, digest)) !== undefined;

/** What the database has, without the look that would renew it. */
const isRecorded = (digest: string) => memory.ecr.metadata.read((tx) => tx.blobs.findByDigest(digest));

async function collectAll() {
  const collect = createCollector(memory.ecr);
  const sum = { layers: 0, blobs: 0, bytes: 0 };
  for (let more = true; more; ) {
    const slice = await collect();
    sum.layers += slice.layers;
    sum.blobs += slice.blobs;
    sum.bytes += slice.bytes;
    more = slice.more;
  }
  return sum;
}

async function locationOf(digest: string): Promise<string> {
  const blob = await isRecorded(digest);
  assert(blob);
  return blob.location;
}

/** Other bytes of the same length; with `unnoticed` nothing looks different from outside. */
async function damage(digest: string, { unnoticed = false } = {}): Promise<void> {
  const location = await locationOf(digest);
  const object = memory.objects.get(location)!;
  const bytes = Buffer.from(object.bytes);
  bytes[0]! ^= 1;
  memory.objects.set(location, { ...object, bytes, version: unnoticed ? object.version : object.version + 1_000 });
}

describe('garbage collection', () => {
  test('removes a layer that no image refers to after its grace period, with its bytes', async () => {
    const digest = await memory.pushLayer(app, randomBytes(100));
    memory.pass(24 * hour);
    assert.deepEqual(await collectAll(), { layers: 0, blobs: 0, bytes: 0 });
    memory.pass(61_000);
    assert.deepEqual(await collectAll(), { layers: 1, blobs: 1, bytes: 100 });
    assert.equal(await has(digest), false);
    assert.equal(memory.objects.size, 0);
  });

  test('every look at a layer begins its period anew', async () => {
    const digest = await memory.pushLayer(app, randomBytes(100));
    for (let day = 0; day < 5; day += 1) {
      memory.pass(23 * hour);
      assert.equal(await has(digest), true);
      assert.equal((await collectAll()).layers, 0);
    }
    memory.pass(25 * hour);
    assert.equal((await collectAll()).layers, 1);
  });

  test('no look is cut short by looks shortly before, which are not written', async () => {
    const digest = await memory.pushLayer(app, randomBytes(100));
    memory.pass(59_000);
    assert.equal(await has(digest), true);
    memory.pass(24 * hour);
    assert.equal((await collectAll()).layers, 0);
  });

  test('keeps what images refer to, and begins the period when the image is deleted', async () => {
    const image = makeImage({ seed: 'gc' });
    const digest = await memory.push(app, image, 'v1');
    memory.pass(1000 * hour);
    assert.deepEqual(await collectAll(), { layers: 0, blobs: 0, bytes: 0 });
    await deleteImages(memory.ecr, app, [{ imageDigest: digest }]);
    memory.pass(23 * hour);
    assert.equal((await collectAll()).layers, 0);
    memory.pass(2 * hour);
    assert.equal((await collectAll()).layers, 1 + image.layers.length);
    assert.equal(memory.objects.size, 0);
  });

  test('keeps the bytes as long as another repository shows them', async () => {
    const bytes = randomBytes(100);
    const digest = await memory.pushLayer(app, bytes);
    memory.pass(20 * hour);
    const other = await memory.createRepository('other');
    await memory.pushLayer(other, bytes);
    memory.pass(5 * hour);
    assert.deepEqual(await collectAll(), { layers: 1, blobs: 0, bytes: 0 });
    assert.deepEqual([await has(digest), await has(digest, other)], [false, true]);
  });

  test('removes what a deleted repository leaves, and nothing of a new one of its name', async () => {
    const image = makeImage({ seed: 'purge' });
    await memory.push(app, image, 'v1');
    const { id } = await findRepository(memory.ecr, app);
    await memory.ecr.metadata.write((tx) => tx.repositories.delete(id));
    await memory.createRepository('app');
    assert.equal(await has(image.config.digest), false);
    await memory.pushLayer(app, image.config.bytes);
    memory.pass(23 * hour);
    await has(image.config.digest);
    memory.pass(2 * hour);
    await collectAll();
    assert.equal(await has(image.config.digest), true);
    assert.equal(memory.objects.size, 1);
  });
});

describe('uploads', () => {
  test('end when nobody worked on them for long', async () => {
    const idle = await startUpload(memory.ecr, app);
    await appendUpload(memory.ecr, app, idle.id, Readable.from([Buffer.from('x')]));
    const busy = await startUpload(memory.ecr, app);
    memory.pass(20 * hour);
    await appendUpload(memory.ecr, app, busy.id, Readable.from([Buffer.from('y')]));
    memory.pass(5 * hour);
    assert.deepEqual(await expireUploads(memory.ecr), { uploads: 1, more: false });
    assert(!memory.objects.has(idle.objectKey));
    assert.equal((await findUpload(memory.ecr, app, busy.id)).offset, 1);
  });

  test('are spared while a request works on them, however long it takes', async () => {
    const { id } = await startUpload(memory.ecr, app);
    const slow = new Readable({ read() {} });
    const running = appendUpload(memory.ecr, app, id, slow);
    memory.pass(1000 * hour);
    assert.deepEqual(await expireUploads(memory.ecr), { uploads: 0, more: false });
    slow.push(Buffer.from('done'));
    slow.push(null);
    assert.equal((await running).upload.offset, 4);
  });
});

describe('damage', () => {
  test('that shows from outside makes a layer absent, also for an open', async () => {
    const digest = await memory.pushLayer(app, randomBytes(100));
    assert.equal(await has(digest), true);
    await damage(digest);
    assert.equal(await has(digest), false);
    assert.equal(await openLayer(memory.ecr, app, digest, () => undefined), undefined);
    assert.equal((await isRecorded(digest))?.damaged, true);
  });

  test('is found before a range of it is sent; the whole is judged while it is sent', async () => {
    const digest = await memory.pushLayer(app, randomBytes(100));
    await damage(digest);
    const whole = await openLayer(memory.ecr, app, digest, () => undefined);
    assert.equal(whole?.blob.trusted, false);
    await whole.blob.close();
    assert.equal(await openLayer(memory.ecr, app, digest, () => ({ first: 1, last: 3 })), undefined);
  });

  test('a file that only looks different is good again once it was hashed', async () => {
    const digest = await memory.pushLayer(app, randomBytes(100));
    const location = await locationOf(digest);
    const object = memory.objects.get(location)!;
    memory.objects.set(location, { ...object, version: object.version + 1_000 });
    assert.equal(await has(digest), true);
    const opened = await openLayer(memory.ecr, app, digest, () => undefined);
    assert.equal(opened?.blob.trusted, true);
    await opened.blob.close();
  });

  test('that nothing shows is found by the scrub', async () => {
    const digests = [];
    for (let at = 0; at < 3; at += 1) digests.push(await memory.pushLayer(app, randomBytes(100)));
    await damage(digests[1]!, { unnoticed: true });
    assert.equal(await has(digests[1]!), true, 'nothing to be seen from outside');
    const slice = createBlobScrub(memory.ecr);
    const found = [];
    let bytes = 0;
    for (let more = true; more; ) {
      const scrubbed = await slice();
      if (scrubbed.damaged !== undefined) found.push(scrubbed.damaged);
      bytes += scrubbed.bytes;
      more = scrubbed.more;
    }
    assert.deepEqual([found, bytes], [[digests[1]], 300]);
    assert.deepEqual([await has(digests[0]!), await has(digests[1]!), await has(digests[2]!)], [true, false, true]);
    const again = [await slice(), await slice(), await slice(), await slice()];
    assert.deepEqual(
      again.map(({ bytes: read, damaged }) => [read, damaged]),
      [
        [100, undefined],
        // Looks as it did when it was good, so it might be good again.
        [100, undefined],
        [100, undefined],
        [0, undefined],
      ],
    );
  });
});

describe('a mount', () => {
  const caller = rootCaller('123456789012', 'AKIAEXAMPLE');

  test('shows the layer in the target, from the source named or from any', async () => {
    const digest = await memory.pushLayer(app, randomBytes(100));
    const named = await memory.createRepository('named');
    const any = await memory.createRepository('any');
    assert.equal(await mountLayer(memory.ecr, caller, named, digest, 'app'), true);
    assert.equal(await mountLayer(memory.ecr, caller, any, digest), true);
    assert.deepEqual([await has(digest, named), await has(digest, any)], [true, true]);
    assert.equal(memory.objects.size, 1);
  });

  test('is refused where there is nothing whole to mount, or nothing the caller may read', async () => {
    const digest = await memory.pushLayer(app, randomBytes(100));
    const target = await memory.createRepository('target');
    const absent = `sha256:${'0'.repeat(64)}`;
    assert.equal(await mountLayer(memory.ecr, caller, target, absent, 'app'), false);
    assert.equal(await mountLayer(memory.ecr, caller, target, digest, 'none'), false);
    assert.equal(await mountLayer(memory.ecr, caller, target, digest, 'target'), false);
    assert.equal(await mountLayer(memory.ecr, rootCaller('999999999999', 'X'), target, digest, 'app'), false);
    await damage(digest);
    assert.equal(await mountLayer(memory.ecr, caller, target, digest, 'app'), false);
    assert.equal(await mountLayer(memory.ecr, caller, target, digest), false);
    assert.equal(await has(digest, target), false);
    await assert.rejects(mountLayer(memory.ecr, caller, memory.ref('nowhere'), digest), {
      code: 'RepositoryNotFoundException',
    });
  });

  test('never reaches into another registry', async () => {
    const abroad = { ...app, region: 'us-east-1' };
    await memory.ecr.metadata.write(function* (tx) {
      const home = yield* tx.repositories.find(app, app.name);
      yield* tx.repositories.add({ ...home!, ...abroad });
    });
    const digest = await memory.pushLayer(abroad, randomBytes(100));
    const target = await memory.createRepository('target');
    assert.equal(await mountLayer(memory.ecr, caller, target, digest, 'app'), false);
    assert.equal(await mountLayer(memory.ecr, caller, target, digest), false);
  });
});

test('a layer is deleted unless an image refers to it', async () => {
  const image = makeImage({ seed: 'delete' });
  await memory.push(app, image);
  const loose = await memory.pushLayer(app, randomBytes(10));
  assert.equal(await deleteLayer(memory.ecr, app, image.config.digest), 'referenced');
  assert.equal(await deleteLayer(memory.ecr, app, loose), 'deleted');
  assert.equal(await deleteLayer(memory.ecr, app, loose), 'absent');
  assert.deepEqual([await has(image.config.digest), await has(loose)], [true, false]);
});
