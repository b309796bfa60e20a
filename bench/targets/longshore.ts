/** Longshore as delivered: default settings, a Basic docker token on every request. On SQLite and files, or as nodes on PostgreSQL and S3. */
import { basename, join } from 'node:path';
import { createAwsClient } from '../../tests/black-box/aws-client.ts';
import { createHttpClient } from '../../tests/black-box/http-client.ts';
import {
  findFreePort,
  type LongshoreProcess,
  ROOT_KEY,
  startLongshore,
} from '../../tests/black-box/longshore-process.ts';
import { openStoresOn } from '../../tests/support/test-stores.ts';
import type { RunningTarget, Target } from '../target.ts';
import { storeServers } from './store-servers.ts';

/** Like the access logs of the peers, which are off too. */
const FLAGS = ['--log-level', 'warn'];

export const longshore: Target = {
  name: 'longshore',
  abilities: new Set(['registry', 'api']),
  async start(data) {
    const port = await findFreePort();
    const server = await startLongshore({ data, port, flags: FLAGS });
    return { ...running([{ port, server }]), database: join(data, 'longshore.db') };
  },
};

/** So many equal nodes on one PostgreSQL and one S3-compatible store; layers go through the nodes, not by redirect. */
export function longshoreNodes(count: number): Target {
  return {
    name: `longshore pg+s3 x${count}`,
    abilities: new Set(['registry', 'api']),
    async start(data) {
      const servers = await storeServers();
      const { environment, settings } = await openStoresOn(servers, basename(data));
      const nodes: Node[] = [];
      for (let at = 0; at < count; at += 1) {
        const port = await findFreePort();
        nodes.push({ port, server: await startLongshore({ data: `${data}/${at}`, port, flags: FLAGS, environment }) });
      }
      return { ...running(nodes), stores: servers.processes, database: settings.database! };
    },
  };
}

interface Node {
  readonly port: number;
  readonly server: LongshoreProcess;
}

function running(nodes: readonly Node[]): RunningTarget {
  const [{ port, server }] = nodes as [Node];
  const http = createHttpClient(server.origin);
  const aws = createAwsClient(http, ROOT_KEY);
  return {
    port,
    pid: server.pid,
    nodes: nodes.map((node) => ({ port: node.port, pid: node.server.pid })),
    readyMs: server.readyMs,
    async authorization() {
      const answer = await aws.call('GetAuthorizationToken', {});
      return `Basic ${answer.output.authorizationData[0].authorizationToken}`;
    },
    async createRepository(name) {
      const answer = await aws.call('CreateRepository', { repositoryName: name });
      if (answer.status !== 200 && answer.code !== 'RepositoryAlreadyExistsException') throw new Error(answer.text);
    },
    async stop() {
      http.close();
      await Promise.all(nodes.map((node) => node.server.stop()));
    },
  };
}
