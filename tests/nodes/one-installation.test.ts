/** Whatever one node gave out is good on every other: uploads, tokens, page tokens, accounts, keys. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { contentSlice, makeContent } from '../black-box/content.ts';
import { runLongshore } from '../cli/run-longshore.ts';
import { callEcr } from '../support/call-ecr.ts';
import { registryClient } from '../support/registry-client.ts';
import type { SpawnedServer } from '../support/spawn-server.ts';
import { type NodeGroup, nodesMissing, startNodes } from './node-group.ts';

describe('three nodes are one installation', { skip: nodesMissing() ?? false }, () => {
  let group: NodeGroup;
  before(async () => {
    group = await startNodes(3);
    await callEcr(group.node(0).origin, group.node(0), 'CreateRepository', { repositoryName: 'app' });
  });
  after(() => group.stop());

  const clientOf = (node: SpawnedServer, token: string) => registryClient({ origin: node.origin, token });

  test('an upload is begun on one, continued on the next and closed on the third', async () => {
    // A password of one node opens the others.
    const token = await group.node(0).dockerToken();
    const [a, b, c] = [0, 1, 2].map((index) => clientOf(group.node(index), token));
    const layer = makeContent('in three parts', 13 * 2 ** 20);
    const begun = await a!.request('POST', '/v2/app/blobs/uploads/');
    assert.equal(begun.status, 202);
    let location = begun.headers.location as string;
    const cuts = [0, 5 * 2 ** 20, 5 * 2 ** 20 + 1, layer.size];
    for (const [index, client] of [a!, b!, c!].entries()) {
      const [first, last] = [cuts[index] as number, (cuts[index + 1] as number) - 1];
      const { pathname, search } = new URL(location, 'http://node');
      const patched = await client.request('PATCH', pathname + search, {
        headers: { 'content-type': 'application/octet-stream', 'content-range': `${first}-${last}` },
        body: contentSlice(layer, first, last),
      });
      assert.equal(patched.status, 202, patched.body.toString());
      assert.equal(patched.headers.range, `0-${last}`);
      location = patched.headers.location as string;
    }
    const { pathname, search } = new URL(location, 'http://node');
    const closed = await a!.request('PUT', `${pathname}${search}${search === '' ? '?' : '&'}digest=${layer.digest}`);
    assert.equal(closed.status, 201, closed.body.toString());
    const got = await b!.getBlob('app', layer.digest);
    assert.deepEqual([got.status, got.body.equals(contentSlice(layer))], [200, true]);
  });

  test('a page token of one is good on another, and a change on one is seen on all', async () => {
    for (const name of ['page/a', 'page/b', 'page/c']) {
      await callEcr(group.node(0).origin, group.node(0), 'CreateRepository', { repositoryName: name });
    }
    const names: string[] = [];
    let nextToken: string | undefined;
    for (let turn = 0; turn === 0 || nextToken !== undefined; turn++) {
      const node = group.node(turn % 3);
      const page: { repositories: { repositoryName: string }[]; nextToken?: string } = await callEcr(
        node.origin,
        node,
        'DescribeRepositories',
        { maxResults: 1, ...(nextToken !== undefined && { nextToken }) },
      );
      names.push(...page.repositories.map(({ repositoryName }) => repositoryName));
      nextToken = page.nextToken;
    }
    assert.deepEqual(names.filter((name) => name.startsWith('page/')).sort(), ['page/a', 'page/b', 'page/c']);
  });

  test('a node keeps nothing of its own: what is in its data directory may be lost', async () => {
    const files = await readdir(group.node(1).dataDirectory);
    assert.deepEqual(
      files.filter((name) => !name.startsWith('serve.')),
      [],
    );
  });
});

test('nodes without a secret and without each others keys are refused in words', {
  skip: nodesMissing() ?? false,
}, async (t) => {
  const group = await startNodes(1);
  t.after(() => group.stop());
  const data = await mkdtemp(join(tmpdir(), 'longshore-other-'));
  t.after(() => rm(data, { recursive: true, force: true }));
  const env = (secret: string) => ({ ...group.environment, LONGSHORE_SECRET: secret, LONGSHORE_DATA: data });
  const other = await runLongshore(['account', 'list'], { env: env('another-secret-that-is-long-enough-1') });
  assert.equal(other.code, 1);
  assert.match(
    other.stderr,
    /^The keys of this node are not those of its database\. Give every node the same --secret/,
  );
  const none = await runLongshore(['account', 'list'], { env: env('') });
  assert.equal(none.code, 1);
  assert.match(none.stderr, /keys\.json is missing, but other nodes have served this database\./);
  assert.deepEqual(await readdir(data), [], 'no keys were made that would be in the way');

  // A node that forgot where the layers are would take them all for lost.
  const { LONGSHORE_BLOBS: _, ...noBlobs } = group.environment;
  const elsewhere = await runLongshore(['verify'], { env: { ...noBlobs, LONGSHORE_DATA: data } });
  assert.equal(elsewhere.code, 1);
  assert.match(
    elsewhere.stderr,
    /^The layers of this database are in an S3-compatible store\. Give this node the same --blobs/,
  );
});
