/** The ECR credential helper: it believes only in AWS's own host names, so the registry goes by one of them here, as in a closed network. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { registryClient } from '../support/registry-client.ts';
import { type SpawnedServer, spawnServer } from '../support/spawn-server.ts';
import { awsEnvironment } from './aws-environment.ts';
import { clientSuite } from './client-suite.ts';
import { runProgram } from './run-program.ts';

/** Debian 12 has 0.6, which asks AWS itself whatever the variables say. */
const missing = () => {
  const said = spawnSync('docker-credential-ecr-login', ['-v'], { encoding: 'utf8' }).stdout;
  return /Version:\s+0\.[0-6]\./.test(said) ? 'docker-credential-ecr-login is too old for AWS_ENDPOINT_URL' : undefined;
};

clientSuite('ECR credential helper', { programs: ['docker-credential-ecr-login'], optional: true, missing }, () => {
  let server: SpawnedServer | undefined;
  before(async () => {
    server = await spawnServer({ flags: ['--registry-host', '{account}.dkr.ecr.{region}.amazonaws.com'] });
  });
  after(() => server?.stop());

  test('hands docker a password that opens the registry of that account and region', async () => {
    assert.ok(server !== undefined);
    for (const region of ['us-east-1', 'eu-central-1']) {
      const host = `000000000000.dkr.ecr.${region}.amazonaws.com`;
      const env = { ...awsEnvironment(server), AWS_ECR_DISABLE_CACHE: 'true' };
      const answer = await runProgram(['docker-credential-ecr-login', 'get'], { env, input: `https://${host}` });
      const { Username, Secret } = JSON.parse(answer);
      assert.equal(Username, 'AWS');
      const ping = await registryClient({ origin: server.origin, token: Secret, host }).request('GET', '/v2/');
      assert.equal(ping.status, 200);
    }
  });
});
