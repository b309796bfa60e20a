/** How much memory does a server take that has nothing to do, and how much more while 10 GiB go in? */
import { setTimeout as sleep } from 'node:timers/promises';
import { readUsage } from '../process-usage.ts';
import { REPOSITORIES, type Row } from './row.ts';
import { authorizationOf } from './seed-manifests.ts';

const BLOB = 64 << 20;

export const memory: Row = {
  name: 'memory',
  for: ['registry', 'bare'],
  async *run(context) {
    const server = await context.restart();
    await sleep(1_000);
    const idle = readUsage(server.pid).residentMiB;
    yield { row: 'memory idle', value: idle, unit: 'MiB', lowerIsBetter: true };
    const push = {
      kind: 'push-blob',
      port: server.port,
      connections: 8,
      repository: REPOSITORIES.large,
      size: BLOB,
      ...authorizationOf(context),
    } as const;
    const pushed = await context.measure(
      'memory: the push that goes with it',
      'MB/s',
      { ...push, times: Math.ceil(context.sizes.growthBytes / BLOB), salt: String(Date.now()) },
      'gigabyte',
    );
    const after = readUsage(server.pid);
    const size = `${Math.round(context.sizes.growthBytes / 2 ** 30)} GiB`;
    yield pushed;
    yield {
      row: `memory growth over ${size}`,
      value: Math.max(0, after.residentMiB - idle),
      unit: 'MiB',
      lowerIsBetter: true,
      note: `from ${idle.toFixed(0)} to ${after.residentMiB.toFixed(0)}, peak ${after.peakMiB.toFixed(0)}`,
    };
  },
};
