/** A node whose database is away: it says so, in every protocol's words and in bounded time, and goes on by itself when it is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { callEcr, sendEcr } from '../support/call-ecr.ts';
import { rawRequest } from '../support/raw-request.ts';
import { basicAuthorization } from '../support/registry-client.ts';
import { nodesMissing, startNodes } from './node-group.ts';

test('without its database a node answers 503 and when to come again; with it, all is well without a restart', {
  skip: nodesMissing() ?? false,
}, async (t) => {
  const group = await startNodes(1, ['--database-retry-time', '500ms']);
  t.after(() => group.stop());
  const node = group.node(0);
  const authorization = basicAuthorization(await node.dockerToken());
  await callEcr(node.origin, node, 'CreateRepository', { repositoryName: 'app' });

  await group.postgres.end('immediate');
  const json = await sendEcr(node.origin, node, 'CreateRepository', { repositoryName: 'other' });
  assert.deepEqual([json.status, json.headers['retry-after']], [503, '1'], json.body.toString());
  assert.equal(JSON.parse(json.body.toString()).__type, 'ServiceUnavailable');
  const oci = await rawRequest(node.origin, 'POST', '/v2/app/blobs/uploads/', { headers: { authorization } });
  assert.deepEqual([oci.status, oci.headers['retry-after']], [503, '1'], oci.body.toString());
  assert.equal(JSON.parse(oci.body.toString()).errors[0].code, 'UNAVAILABLE');
  // The readiness of a moment ago may be told for a second.
  await sleep(1100);
  const ready = await rawRequest(node.origin, 'GET', '/readyz');
  assert.deepEqual([ready.status, ready.headers['retry-after']], [503, '1']);
  assert.equal(ready.body.toString(), 'not ready: the database cannot be read and written\n');
  assert.equal((await rawRequest(node.origin, 'GET', '/livez')).status, 200);
  const metrics = await rawRequest(node.origin, 'GET', '/metrics');
  assert.equal(metrics.status, 200);
  assert.match(metrics.body.toString(), /^longshore_caches_trusted 0$/m);
  assert.doesNotMatch(metrics.body.toString(), /^longshore_open_uploads /m);

  await group.postgres.start();
  for (let attempt = 0; (await rawRequest(node.origin, 'GET', '/readyz')).status !== 200; attempt++) {
    assert.ok(attempt < 300, 'it never became ready again');
    await sleep(100);
  }
  await callEcr(node.origin, node, 'CreateRepository', { repositoryName: 'other' });
  assert.match((await rawRequest(node.origin, 'GET', '/metrics')).body.toString(), /^longshore_open_uploads 0$/m);
});
