/** crane and skopeo push and pull through a load balancer while every node is restarted; they are told to try nothing twice where that can be told. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runProgram, tryProgram } from '../e2e/run-program.ts';
import { callEcr } from '../support/call-ecr.ts';
import { writeOciLayout } from '../support/image-archives.ts';
import { makeImage } from '../support/make-image.ts';
import { haproxy, nginx } from './load-balancers.ts';
import { nodesMissing, startNodes } from './node-group.ts';

type Client = (registry: string, layout: string, tag: string, back: string) => Promise<void>;

for (const kind of [nginx, haproxy]) {
  test(`clients notice nothing of a rolling restart behind ${kind.name}`, {
    skip: nodesMissing() ?? kind.missing() ?? false,
  }, async (t) => {
    const scratch = await mkdtemp(join(tmpdir(), 'longshore-clients-'));
    t.after(() => rm(scratch, { recursive: true, force: true }));
    const group = await startNodes(3, ['--drain-delay', '7s']);
    t.after(() => group.stop());
    const balancer = await kind.start(group.ports);
    t.after(() => balancer.stop());
    const node = group.node(0);
    const password = await node.dockerToken();
    const registry = `127.0.0.1:${balancer.port}`;

    const clients: Record<string, Client> = {
      skopeo: async (host, layout, tag, back) => {
        const flags = (side: 'src' | 'dest') => [`--${side}-tls-verify=false`, `--${side}-creds=AWS:${password}`];
        const name = `docker://${host}/skopeo:${tag}`;
        const copy = ['skopeo', 'copy', '--insecure-policy'];
        await runProgram([...copy, ...flags('dest'), `oci:${layout}:${tag}`, name]);
        await runProgram([...copy, ...flags('src'), name, `oci:${back}:${tag}`]);
      },
      crane: async (host, layout, tag, back) => {
        const env = { DOCKER_CONFIG: join(scratch, 'docker') };
        await mkdir(env.DOCKER_CONFIG, { recursive: true });
        await runProgram(['crane', 'auth', 'login', host, '--insecure', '-u', 'AWS', '-p', password], { env });
        await runProgram(['crane', 'push', '--insecure', layout, `${host}/crane:${tag}`], { env });
        await runProgram(['crane', 'pull', '--insecure', '--format=oci', `${host}/crane:${tag}`, back], { env });
      },
    };
    let ending = false;
    const loops: Promise<number>[] = [];
    for (const [name, client] of Object.entries(clients)) {
      const there = await tryProgram([name, name === 'crane' ? 'version' : '--version']).catch(() => undefined);
      if (there?.code !== 0) {
        t.diagnostic(`not with ${name}: it is not installed`);
        continue;
      }
      await callEcr(node.origin, node, 'CreateRepository', { repositoryName: name });
      loops.push(loop(name, client));
    }
    // A failure is seen at once, not only when the restarts are through.
    const all = Promise.all(loops);
    all.catch(() => undefined);

    async function loop(name: string, client: Client): Promise<number> {
      let turn = 0;
      for (; !ending; turn++) {
        const tag = `v${turn}`;
        const layout = join(scratch, `${name}-${turn}`);
        await writeOciLayout(layout, makeImage({ seed: `${name} ${turn}` }), tag);
        await client(registry, layout, tag, `${layout}-back`);
      }
      return turn;
    }

    for (const index of [0, 1, 2]) {
      assert.equal(await group.drain(index), 0);
      await group.start(index);
      await sleep(2500);
    }
    ending = true;
    const turns = await all;
    t.diagnostic(
      `${turns.reduce((sum, one) => sum + one, 0)} images were pushed and pulled by ${turns.length} clients`,
    );
  });
}
