/** cosign: signs with a key pair, without a transparency log, and verifies. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeImage } from '../support/make-image.ts';
import { useScene } from './client-scenario.ts';
import { clientSuite } from './client-suite.ts';
import { noSession } from './no-session.ts';
import { runProgram } from './run-program.ts';

clientSuite('cosign', { programs: ['cosign'], optional: true }, () => {
  const scene = useScene(noSession);

  test('an image is signed, and only what was signed verifies', async () => {
    const { server, registry, token, scratch, createRepository } = scene();
    const uri = await createRepository('signed');
    const signed = makeImage({ seed: 'signed' });
    const other = makeImage({ seed: 'other' });
    await registry.pushImage('signed', signed, 'v1');
    await registry.pushImage('signed', other, 'v2');
    const env = { COSIGN_PASSWORD: 'secret', DOCKER_CONFIG: scratch };
    const cosign = (args: readonly string[], input = '') =>
      runProgram(['cosign', ...args], { env, cwd: scratch, input });
    await cosign(['login', server.host, '--username', 'AWS', '--password-stdin'], token);
    await cosign(['generate-key-pair']);
    const plain = ['--allow-http-registry'];
    const key = ['--key', join(scratch, 'cosign.key'), '--tlog-upload=false', '--use-signing-config=false', '--yes'];
    await cosign(['sign', ...plain, ...key, `${uri}@${signed.digest}`]);
    const verify = ['verify', ...plain, '--key', join(scratch, 'cosign.pub'), '--insecure-ignore-tlog=true'];
    assert.match(await cosign([...verify, `${uri}@${signed.digest}`]), new RegExp(signed.digest));
    await assert.rejects(cosign([...verify, `${uri}@${other.digest}`]), /no signatures found|no matching/i);
  });
});
