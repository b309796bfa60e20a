/** helm: charts as OCI artifacts. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { useScene } from './client-scenario.ts';
import { clientSuite } from './client-suite.ts';
import { noSession } from './no-session.ts';
import { runProgram } from './run-program.ts';

clientSuite('helm', { programs: ['helm'], optional: true }, () => {
  const scene = useScene(noSession);

  test('a chart is pushed, shown and pulled; a missing repository is named', async () => {
    const { server, registry, token, scratch, createRepository } = scene();
    await createRepository('charts/hello');
    const chart = join(scratch, 'hello');
    await mkdir(join(chart, 'templates'), { recursive: true });
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: hello\nversion: 1.2.3\n');
    await writeFile(
      join(chart, 'templates', 'config.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hello}\n',
    );
    const home = { HELM_CONFIG_HOME: scratch, HELM_CACHE_HOME: scratch, HELM_DATA_HOME: scratch };
    const env = { ...home, HELM_REGISTRY_CONFIG: join(scratch, 'helm.json') };
    const helm = (args: readonly string[], input = '') => runProgram(['helm', ...args], { env, cwd: scratch, input });

    await helm(['registry', 'login', '--plain-http', '--username', 'AWS', '--password-stdin', server.host], token);
    await helm(['package', chart]);
    await helm(['push', '--plain-http', 'hello-1.2.3.tgz', `oci://${server.host}/charts`]);
    await registry.checkImage('charts/hello', '1.2.3');
    const version = ['--plain-http', '--version', '1.2.3'];
    assert.match(await helm(['show', 'chart', ...version, `oci://${server.host}/charts/hello`]), /version: 1\.2\.3/);
    const target = await mkdtemp(join(scratch, 'pulled-'));
    await helm(['pull', ...version, '--destination', target, `oci://${server.host}/charts/hello`]);
    assert.deepEqual(await readdir(target), ['hello-1.2.3.tgz']);
    const nowhere = helm(['push', '--plain-http', 'hello-1.2.3.tgz', `oci://${server.host}/nowhere`]);
    await assert.rejects(nowhere, /nowhere\/hello/);
  });
});
