/**
 * The ECR credential helper: it believes only in AWS's own host names, so the registry goes by
 * one of them here, with TLS, as in a closed network.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { registryClient } from '../support/registry-client.ts';
import { type SpawnedServer, spawnServer } from '../support/spawn-server.ts';
import { awsEnvironment } from './aws-environment.ts';
import { clientSuite } from './client-suite.ts';
import { runProgram } from './run-program.ts';

const program = 'docker-credential-ecr-login';

/** Debian 12 has 0.6, which asks AWS itself whatever the variables say. */
const missing = () => {
  const said = spawnSync(program, ['-v'], { encoding: 'utf8' }).stdout;
  return /Version:\s+0\.[0-6]\./.test(said) ? `${program} is too old for AWS_ENDPOINT_URL` : undefined;
};

clientSuite('ECR credential helper', { programs: [program, 'openssl'], optional: true, missing }, () => {
  let scratch = '';
  let server: SpawnedServer | undefined;

  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'longshore-e2e-'));
    const [key, certificate] = [join(scratch, 'key.pem'), join(scratch, 'certificate.pem')];
    const made = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate];
    const names = ['-subj', '/CN=longshore', '-addext', 'subjectAltName=IP:127.0.0.1'];
    await runProgram(['openssl', 'req', ...made, ...names]);
    const host = ['--registry-host', '{account}.dkr.ecr.{region}.amazonaws.com'];
    server = await spawnServer({ flags: [...host, '--tls-cert', certificate, '--tls-key', key] });
  });

  after(async () => {
    await server?.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  test('hands docker a password that opens the registry of that account and region', async () => {
    assert.ok(server !== undefined);
    const bundle = { AWS_CA_BUNDLE: join(scratch, 'certificate.pem') };
    const env = { ...awsEnvironment(server), ...bundle, AWS_ECR_DISABLE_CACHE: 'true', HOME: scratch };
    for (const region of ['us-east-1', 'eu-central-1']) {
      const host = `000000000000.dkr.ecr.${region}.amazonaws.com`;
      const answer = await runProgram([program, 'get'], { env, input: host });
      const { Username, Secret } = JSON.parse(answer);
      assert.equal(Username, 'AWS');
      const ping = await registryClient({ origin: server.origin, token: Secret, host }).request('GET', '/v2/');
      assert.equal(ping.status, 200);
    }
  });
});
