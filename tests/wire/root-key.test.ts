/** The root key that settings fix: a new one ends the old one. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { rawRequest } from '../support/raw-request.ts';
import { startServer } from '../support/start-server.ts';

test('after the key was changed the old one opens nothing, nor does a docker token made with it', async (t) => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'longshore-'));
  t.after(() => rm(dataDirectory, { recursive: true }));
  const before = await startServer({ dataDirectory });
  const { accessKeyId, secretAccessKey } = before;
  const authorization = `Basic ${Buffer.from(`AWS:${before.dockerToken()}`).toString('base64')}`;
  await before.stop();

  const settings = {
    rootAccessKeyId: 'AKIALONGSHOREOTHERKE',
    rootSecretAccessKey: 'another-secret-of-the-tests-000000000002',
  };
  const after = await startServer({ dataDirectory, settings });
  t.after(() => after.stop());
  await after.ecr().send(new DescribeRepositoriesCommand({}));
  const old = new ECRClient({
    endpoint: after.origin,
    region: after.region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  });
  await assert.rejects(old.send(new DescribeRepositoriesCommand({})), { name: 'UnrecognizedClientException' });
  old.destroy();
  const ping = await rawRequest(after.origin, 'GET', '/v2/', { headers: { authorization } });
  assert.equal(ping.status, 400);
});
