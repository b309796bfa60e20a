/** Three nodes behind nginx and HAProxy, with the files of deploy/: what a company sees while nodes are restarted and die. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Load, type LoadReport, startLoad } from './load.ts';
import { haproxy, type LoadBalancerKind, nginx } from './load-balancers.ts';
import { type NodeGroup, nodesMissing, startNodes } from './node-group.ts';

const kinds = [nginx, haproxy];
/** Longer than the five seconds for which nginx keeps an idle connection. */
const FLAGS = ['--drain-delay', '7s', '--drain-timeout', '20s'];

test('nodes are restarted one after the other and no request fails; nodes and the database are killed and nothing is lost', {
  skip: nodesMissing() ?? false,
}, async (t) => {
  const group = await startNodes(3, FLAGS);
  t.after(() => group.stop());
  let retries = 0;
  const loads = await startLoads(t, group, () => retries);
  assert.ok(loads.length > 0, 'a load balancer');
  await sleep(1000);

  for (const index of [0, 1, 2]) {
    assert.equal(await group.drain(index), 0, group.node(index).output());
    await group.start(index);
    // The load balancer finds it again before the next one ends.
    await sleep(2500);
  }
  for (const { name, load } of loads) {
    const { failed, wrong } = load.report();
    assert.deepEqual({ failed, wrong }, { failed: [], wrong: [] }, `${name}: rolling restart`);
    tell(t, `${name}, rolling restart`, load.report());
  }

  retries = 8;
  for (const index of [0, 1, 2]) {
    await group.kill(index);
    await sleep(1000);
    await group.start(index);
    await sleep(2500);
  }
  for (const { name, load } of loads) tell(t, `${name}, and nodes killed`, load.report());
  await group.postgres.end('immediate');
  await sleep(500);
  await group.postgres.start();
  await sleep(4000);

  const reports = await Promise.all(loads.map(({ load }) => load.finish()));
  for (const [index, report] of reports.entries()) {
    const { name } = loads[index]!;
    tell(t, `${name}, and PostgreSQL restarted, all read back`, report);
    assert.deepEqual({ failed: report.failed, wrong: report.wrong }, { failed: [], wrong: [] }, name);
    assert.ok(report.pushed > 10 && report.pulled > 10, `${name} did next to nothing: ${JSON.stringify(report)}`);
  }
});

async function startLoads(
  t: TestContext,
  group: NodeGroup,
  retries: () => number,
): Promise<{ name: string; load: Load }[]> {
  const loads: { name: string; load: Load }[] = [];
  const token = await group.node(0).dockerToken();
  for (const [index, kind] of kinds.entries()) {
    if (!runsHere(t, kind)) continue;
    const balancer = await kind.start(group.ports);
    t.after(() => balancer.stop());
    const { accessKeyId, secretAccessKey } = group.node(0);
    const load = await startLoad({
      origin: balancer.origin,
      credentials: { accessKeyId, secretAccessKey },
      token,
      team: `team-${index}`,
      pushers: 2,
      retries,
    });
    t.after(() => load.abandon());
    loads.push({ name: kind.name, load });
  }
  return loads;
}

function runsHere(t: TestContext, kind: LoadBalancerKind): boolean {
  const reason = kind.missing();
  if (reason !== undefined) t.diagnostic(`not through ${kind.name}: ${reason}`);
  return reason === undefined;
}

function tell(t: TestContext, what: string, { requests, pushed, pulled, failed, retried, wrong }: LoadReport): void {
  t.diagnostic(
    `${what}: ${requests} requests, ${pushed} images pushed, ${pulled} pulled; ${failed.length} failed, ${retried} made again, ${wrong.length} wrong`,
  );
}
