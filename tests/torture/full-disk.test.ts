/**
 * A full disk: a clear refusal in the protocol's shape that shows no path, no 2xx for what is not stored, reads and restarts
 * that work all the same, and recovery without help once there is room.
 */
import assert from 'node:assert/strict';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Content, makeContent, sha256Digest } from '../black-box/content.ts';
import type { Answer } from '../black-box/http-client.ts';
import { whyNotFiles } from '../support/test-stores.ts';
import { type BlackBoxServer, startBlackBox } from './black-box-server.ts';
import { createLoopDisk, whyNoLoopDisks } from './loop-device.ts';
import type { Manifest } from './model.ts';
import { pushImageAsDocker, pushLayerAsDocker } from './push-as-docker.ts';
import { makeImage } from './push-manifest.ts';

const reason = whyNotFiles() ?? (await whyNoLoopDisks());

test('a full disk', { skip: reason ?? false }, async (t) => {
  const disk = await createLoopDisk(128);
  const filler = join(disk.directory, 'filler');
  try {
    await using server = await startBlackBox({ data: join(disk.directory, 'data') });
    await server.trial.aws.call('CreateRepository', { repositoryName: 'app' });
    const image = await pushFirstImage(server);
    const stored: Content[] = [image.layer];

    await t.test('pushes are taken or refused clearly until nothing more fits', async () => {
      await fill(filler, 24 * 2 ** 20);
      const refusals: Answer[] = [];
      for (let count = 0; refusals.length < 5; count += 1) {
        assert.ok(count < 200, 'the disk never got full');
        const content = makeContent(`fill ${count}`, 2 ** 20);
        const answer = await pushLayer(server, content);
        if (answer.status === 201) stored.push(content);
        else refusals.push(answer);
      }
      assert.ok(stored.length > 1, 'nothing fitted');
      for (const refusal of refusals) assertClearRefusal(refusal, disk.directory);
    });

    await t.test('with no byte left every write is stored or refused, at both edges', async () => {
      await fill(filler, 0);
      const { trial } = server;
      for (let count = 0; count < 20; count += 1) {
        const name = `crowded-${count}`;
        const created = await trial.aws.call('CreateRepository', { repositoryName: name });
        if (created.status !== 200) {
          assert.equal(created.status, 507, created.text);
          assert.ok(typeof created.code === 'string' && created.output.message.length > 0, created.text);
          assert.ok(!created.text.includes(disk.directory), created.text);
        }
        const described = await trial.aws.call('DescribeRepositories', { repositoryNames: [name] });
        assert.equal(described.status === 200, created.status === 200, `${created.text} / ${described.text}`);

        const tag = `again-${count}`;
        const path = `/v2/app/manifests/${tag}`;
        const put = await registry(server, 'PUT', path, image.manifest);
        if (put.status !== 201) assertClearRefusal(put, disk.directory);
        assert.equal((await registry(server, 'GET', path)).status, put.status === 201 ? 200 : 404);
      }
    });

    await t.test('reads work while it is full', () => assertReadable(server, image, stored));

    await t.test('it starts again while it is full, after a kill and after a stop', async () => {
      for (const how of ['kill', 'stop'] as const) {
        // Alive and reading; it says by itself that it is not ready to store.
        await server.restart(how, '/livez');
        await assertReadable(server, image, stored);
      }
    });

    await t.test('it recovers without help once there is room', async () => {
      await rm(filler);
      const content = makeContent('after', 2 ** 20);
      let answer = await pushLayer(server, content);
      for (let tries = 0; answer.status !== 201 && tries < 50; tries += 1) {
        await sleep(100);
        answer = await pushLayer(server, content);
      }
      assert.equal(answer.status, 201, answer.body.toString());
      assert.equal((await registry(server, 'PUT', '/v2/app/manifests/after', image.manifest)).status, 201);
      await assertReadable(server, image, [...stored, content]);
    });
    assert.equal(await server.process().stop(), 0);
  } finally {
    await disk.dispose();
  }
});

interface FirstImage {
  readonly layer: Content;
  readonly manifest: Manifest;
}

async function pushFirstImage(server: BlackBoxServer): Promise<FirstImage> {
  const [config, layer] = [makeContent('first config', 400), makeContent('first layer', 2 ** 20)];
  const manifest = makeImage('first', config, [layer], false);
  const answer = await pushImageAsDocker(server.trial, 'app', 'first', [config, layer], manifest);
  assert.equal(answer.status, 201, answer.body.toString());
  return { layer, manifest };
}

/** 5xx is what a full disk may answer: here it is no breach. */
async function pushLayer(server: BlackBoxServer, content: Content): Promise<Answer> {
  return pushLayerAsDocker(server.trial, 'app', content);
}

function registry(server: BlackBoxServer, method: string, path: string, manifest?: Manifest): Promise<Answer> {
  const headers: Record<string, string> = { authorization: server.trial.authorization };
  if (manifest === undefined) return server.trial.http.call({ method, path, headers });
  headers['content-type'] = manifest.mediaType;
  return server.trial.http.call({ method, path, headers, body: manifest.bytes });
}

function assertClearRefusal(answer: Answer, path: string): void {
  const body = answer.body.toString();
  assert.equal(answer.status, 507, body);
  const [error] = JSON.parse(body).errors;
  assert.equal(error.code, 'DENIED');
  assert.ok(error.message.length > 0);
  assert.ok(!body.includes(path) && !body.includes('ENOSPC'), `shows the inside: ${body}`);
}

async function assertReadable(server: BlackBoxServer, image: FirstImage, stored: readonly Content[]): Promise<void> {
  const manifest = await registry(server, 'GET', '/v2/app/manifests/first');
  assert.deepEqual(manifest.body, image.manifest.bytes);
  for (const { digest } of stored) {
    const answer = await registry(server, 'GET', `/v2/app/blobs/${digest}`);
    assert.equal(answer.status, 200, `a layer that was acknowledged: ${answer.body.toString().slice(0, 300)}`);
    assert.equal(sha256Digest(answer.body), digest);
  }
}

/** Writes until only so many bytes are left on the disk; 0 fills it to the brim. */
async function fill(file: string, leave: number): Promise<void> {
  const handle = await open(file, 'a');
  try {
    for (let size = 2 ** 20; size >= 512; ) {
      const { bavail, bsize } = await statfs(file);
      const room = bavail * bsize - leave;
      if (leave > 0 && room <= 0) return;
      try {
        await handle.appendFile(Buffer.alloc(leave > 0 ? Math.min(size, room) : size));
        await handle.sync();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        size /= 2;
      }
    }
  } finally {
    await handle.close();
  }
}
