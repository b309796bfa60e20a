/** boto3: the Python scenario beside this file runs whole; each of its steps is one line it prints. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { awsEnvironment } from './aws-environment.ts';
import { useScene } from './client-scenario.ts';
import { clientSuite } from './client-suite.ts';
import { noSession } from './no-session.ts';
import { runProgram } from './run-program.ts';

const missing = () => (spawnSync('python3', ['-c', 'import boto3']).status === 0 ? undefined : 'no boto3 in python3');

clientSuite('boto3', { programs: ['python3'], missing }, () => {
  const scene = useScene(noSession);

  test('repositories, layers, images, pages, faults', async () => {
    const { server } = scene();
    const script = fileURLToPath(new URL('boto3_scenario.py', import.meta.url));
    const said = await runProgram(['python3', script, server.origin], { env: awsEnvironment(server) });
    assert.deepEqual(said.split('\n'), [
      'repository made and described',
      'layer sent in two parts',
      'image put, described and got back byte for byte; its layer read from a download URL',
      'three images on pages of one',
      'faults are typed',
      'image and repository deleted',
      'two regions do not see each other',
    ]);
  });
});
