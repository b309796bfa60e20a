import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { createMemoryEcr, type MemoryEcr } from '../../../../tests/support/memory-ecr.ts';
import { digestOf, sha256Digest } from '../../../lib/oci/digest.ts';
import { Fault } from '../../fault.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { appendUpload } from './append-upload.ts';
import { cancelUpload } from './cancel-upload.ts';
import { completeUpload } from './complete-upload.ts';
import { findLayer } from './find-layer.ts';
import { findUpload } from './find-upload.ts';
import { startUpload } from './start-upload.ts';
import { uploadWholeLayer } from './upload-whole-layer.ts';

let memory: MemoryEcr;
let app: RepositoryRef;
before(async () => {
  memory = await createMemoryEcr();
  app = await memory.createRepository('app');
});
after(() => memory.close());

const stream = (bytes: Uint8Array) => Readable.from([bytes]);
const isFault = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

async function append(uploadId: string, bytes: Uint8Array, expectedOffset?: number) {
  return appendUpload(memory.ecr, app, uploadId, stream(bytes), { expectedOffset });
}

describe('an upload', () => {
  test('in pieces becomes a layer of the repository, and of no other', async () => {
    const [first, second] = [randomBytes(1000), randomBytes(500)];
    const digest = sha256Digest(Buffer.concat([first, second]));
    const other = await memory.createRepository('other');
    const { id } = await startUpload(memory.ecr, app);
    assert.equal((await append(id, first)).upload.offset, 1000);
    assert.equal((await append(id, second, 1000)).upload.offset, 1500);
    assert.equal(await findLayer(memory.ecr, app, digest), undefined);
    const done = await completeUpload(memory.ecr, app, id, digest);
    assert.deepEqual(done, { digest, size: 1500, alreadyThere: false });
    assert.equal((await findLayer(memory.ecr, app, digest))?.blob.size, 1500);
    assert.equal(await findLayer(memory.ecr, other, digest), undefined);
    await assert.rejects(findUpload(memory.ecr, app, id), isFault('UploadNotFoundException'));
  });

  test('may bring its last bytes when it is closed', async () => {
    const [first, last] = [randomBytes(10), randomBytes(20)];
    const digest = sha256Digest(Buffer.concat([first, last]));
    const { id } = await startUpload(memory.ecr, app);
    await append(id, first);
    const lastBytes = { source: stream(last), expectedOffset: 10 };
    assert.equal((await completeUpload(memory.ecr, app, id, digest, { lastBytes })).size, 30);
  });

  test('may be empty', async () => {
    const { id } = await startUpload(memory.ecr, app);
    assert.equal((await completeUpload(memory.ecr, app, id, sha256Digest(new Uint8Array()))).size, 0);
  });

  test('may be named by sha512', async () => {
    const bytes = randomBytes(100);
    const { id } = await startUpload(memory.ecr, app, { algorithm: 'sha512' });
    await append(id, bytes);
    const digest = digestOf('sha512', bytes);
    await completeUpload(memory.ecr, app, id, digest);
    assert.equal((await findLayer(memory.ecr, app, digest))?.digest, digest);
  });

  test('refuses bytes that do not follow on those it has, and says where it stands', async () => {
    const { id } = await startUpload(memory.ecr, app);
    await append(id, randomBytes(10));
    for (const offset of [0, 9, 11]) {
      await assert.rejects(append(id, randomBytes(1), offset), (error: Fault) => {
        assert.equal(error.code, 'InvalidLayerPartException');
        assert.equal(error.message, `First byte of the layer part is ${offset} instead of 10`);
        assert.deepEqual(error.members, {
          registryId: app.accountId,
          repositoryName: 'app',
          uploadId: id,
          lastValidByteReceived: 9,
        });
        return true;
      });
    }
    assert.equal((await findUpload(memory.ecr, app, id)).offset, 10);
  });

  test('takes bytes of one request at a time', async () => {
    const { id } = await startUpload(memory.ecr, app);
    const slow = new Readable({ read() {} });
    const running = appendUpload(memory.ecr, app, id, slow);
    await assert.rejects(append(id, randomBytes(5)), isFault('InvalidLayerPartException'));
    slow.push(Buffer.from('slow'));
    slow.push(null);
    assert.equal((await running).upload.offset, 4);
    assert.equal((await append(id, Buffer.from(' but sure'))).upload.offset, 13);
  });

  test('keeps what came of a request that broke off', async () => {
    const { id } = await startUpload(memory.ecr, app);
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('half');
        throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
      })(),
    );
    const { upload, complete } = await appendUpload(memory.ecr, app, id, broken);
    assert.deepEqual([upload.offset, complete], [4, false]);
    await append(id, Buffer.from(' and half'), 4);
    assert.equal((await completeUpload(memory.ecr, app, id, sha256Digest(Buffer.from('half and half')))).size, 13);
  });

  test('stays as it was when the digest is another one, also with last bytes', async () => {
    const bytes = randomBytes(100);
    const { id } = await startUpload(memory.ecr, app);
    await append(id, bytes.subarray(0, 60));
    const wrong = sha256Digest(Buffer.from('something else'));
    const lastBytes = { source: stream(bytes.subarray(60)), expectedOffset: 60 };
    await assert.rejects(completeUpload(memory.ecr, app, id, wrong, { lastBytes }), isFault('InvalidLayerException'));
    await assert.rejects(completeUpload(memory.ecr, app, id, 'sha256:odd'), isFault('InvalidLayerException'));
    assert.equal((await findUpload(memory.ecr, app, id)).offset, 60);
    const again = { source: stream(bytes.subarray(60)), expectedOffset: 60 };
    await completeUpload(memory.ecr, app, id, sha256Digest(bytes), { lastBytes: again });
  });

  test('is of one repository', async () => {
    const other = await memory.createRepository('stranger');
    const { id } = await startUpload(memory.ecr, app);
    const digest = sha256Digest(new Uint8Array());
    const source = stream(randomBytes(1));
    await assert.rejects(appendUpload(memory.ecr, other, id, source), isFault('UploadNotFoundException'));
    await assert.rejects(completeUpload(memory.ecr, other, id, digest), isFault('UploadNotFoundException'));
    await assert.rejects(cancelUpload(memory.ecr, other, id), isFault('UploadNotFoundException'));
    await assert.rejects(startUpload(memory.ecr, memory.ref('none')), isFault('RepositoryNotFoundException'));
    assert.equal((await findUpload(memory.ecr, app, id)).id, id);
  });

  test('that is cancelled is gone with its bytes', async () => {
    const { id, objectKey } = await startUpload(memory.ecr, app);
    await append(id, randomBytes(10));
    assert(memory.objects.has(objectKey));
    await cancelUpload(memory.ecr, app, id);
    assert(!memory.objects.has(objectKey));
    await assert.rejects(append(id, randomBytes(1)), isFault('UploadNotFoundException'));
    await assert.rejects(cancelUpload(memory.ecr, app, id), isFault('UploadNotFoundException'));
  });

  test('whose bytes are lost is forgotten, so that the client begins anew', async () => {
    const { id, objectKey } = await startUpload(memory.ecr, app);
    await append(id, randomBytes(10));
    memory.objects.delete(objectKey);
    await assert.rejects(append(id, randomBytes(1)), isFault('UploadNotFoundException'));
    await assert.rejects(findUpload(memory.ecr, app, id), isFault('UploadNotFoundException'));
  });
});

describe('the same bytes again', () => {
  test('keep the object that is there', async () => {
    const bytes = randomBytes(100);
    const digest = await memory.pushLayer(app, bytes);
    const objects = [...memory.objects.keys()];
    const { id } = await startUpload(memory.ecr, app);
    await append(id, bytes);
    assert.equal((await completeUpload(memory.ecr, app, id, digest)).alreadyThere, true);
    assert.deepEqual([...memory.objects.keys()], objects);
    const second = await memory.createRepository('second');
    await memory.pushLayer(second, bytes);
    assert.deepEqual([...memory.objects.keys()], objects, 'one object, however many repositories show it');
    assert(await findLayer(memory.ecr, second, digest));
  });

  for (const [what, damage] of [
    ['cut', (bytes: Buffer) => bytes.subarray(1)],
    ['changed', (bytes: Buffer) => Buffer.from(bytes).fill(0, 0, 1)],
    ['gone', () => undefined],
  ] as const) {
    test(`heal an object that is ${what}`, async () => {
      const bytes = Buffer.concat([Buffer.from([1]), randomBytes(100)]);
      const digest = await memory.pushLayer(app, bytes);
      const { blob } = (await findLayer(memory.ecr, app, digest))!;
      const damaged = damage(bytes);
      if (damaged === undefined) memory.objects.delete(blob.location);
      else memory.objects.set(blob.location, { bytes: damaged, version: 999_999, changedAt: 0 });
      assert.equal(await findLayer(memory.ecr, app, digest), undefined, 'damaged is absent');
      await memory.pushLayer(app, bytes);
      const healed = (await findLayer(memory.ecr, app, digest))!;
      assert.notEqual(healed.blob.location, blob.location);
      assert(!memory.objects.has(blob.location), 'the damaged object is removed');
    });
  }

  test('of two uploads at once become one layer', async () => {
    const bytes = randomBytes(5000);
    const digest = sha256Digest(bytes);
    const before = memory.objects.size;
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        const { id } = await startUpload(memory.ecr, app);
        await append(id, bytes);
        await completeUpload(memory.ecr, app, id, digest);
      }),
    );
    assert.equal(memory.objects.size, before + 1);
    assert(await findLayer(memory.ecr, app, digest));
  });
});

describe('a layer that comes whole', () => {
  test('leaves nothing when its digest is wrong or its sender breaks off', async () => {
    const before = [...memory.objects.keys()];
    const wrong = sha256Digest(randomBytes(5));
    const push = (source: Readable) => uploadWholeLayer(memory.ecr, app, wrong, source);
    await assert.rejects(push(stream(randomBytes(10))), isFault('InvalidLayerException'));
    const broken = new Readable({
      read() {
        this.push(Buffer.from('x'));
        this.destroy(new Error('gone'));
      },
    });
    assert.equal(await push(broken), undefined);
    assert.deepEqual([...memory.objects.keys()], before);
    assert.equal(memory.ecr.uploadTurns.unrecordedObjects.size, 0);
  });

  test('is refused unread where the repository is missing or the digest malformed', async () => {
    const source = stream(randomBytes(1));
    const digest = sha256Digest(new Uint8Array());
    await assert.rejects(
      uploadWholeLayer(memory.ecr, memory.ref('none'), digest, source),
      isFault('RepositoryNotFoundException'),
    );
    await assert.rejects(uploadWholeLayer(memory.ecr, app, 'sha256:odd', source), isFault('InvalidLayerException'));
    assert.equal(source.readableDidRead, false);
  });
});

test('a repository that is deleted while bytes come keeps nothing of them', async () => {
  const doomed = await memory.createRepository('doomed');
  const bytes = randomBytes(10);
  const { id } = await startUpload(memory.ecr, doomed);
  await appendUpload(memory.ecr, doomed, id, stream(bytes));
  const slow = new Readable({ read() {} });
  const closing = completeUpload(memory.ecr, doomed, id, sha256Digest(bytes), { lastBytes: { source: slow } });
  const refused = assert.rejects(closing, isFault('RepositoryNotFoundException'));
  await memory.ecr.metadata.write(function* (tx) {
    const repository = yield* tx.repositories.find(doomed, doomed.name);
    yield* tx.repositories.delete(repository!.id);
  });
  slow.push(null);
  await refused;
  const digests = [...memory.objects.keys()].filter((name) => name.includes(sha256Digest(bytes).slice(7)));
  assert.deepEqual(digests, []);
});
