/**
 * Several nodes on one PostgreSQL and one S3 store. A crash takes one of the nodes, all of them, or PostgreSQL itself away; what is
 * acknowledged is theirs to keep.
 */
import { join } from 'node:path';
import { createHttpClient } from '../black-box/http-client.ts';
import { findFreePort, type LongshoreProcess, startLongshore } from '../black-box/longshore-process.ts';
import type { Random } from '../black-box/random.ts';
import type { PostgresServer } from '../support/postgres-server.ts';
import { openStoresOn, serversOfEnvironment } from '../support/test-stores.ts';
import { type Running, type Stage, TRIAL_FLAGS } from './stage.ts';
import { storedInBucket } from './stored-objects.ts';

export type Disaster = 'one node' | 'all nodes' | 'PostgreSQL';

export interface NodesStageOptions {
  readonly directory: string;
  readonly nodes: number;
  /** Picks what happens, and to whom. */
  readonly random: Random;
  readonly disasters: readonly Disaster[];
  /** The server that may be taken away; its databases are used. */
  readonly postgres: PostgresServer;
  /** Told of each disaster. */
  readonly note: (what: string) => void;
}

/** How long a disaster is watched: clients of the nodes that live go on meanwhile. */
const READY_WITHIN_MS = 120_000;

export async function createNodesStage(options: NodesStageOptions): Promise<Stage> {
  const { s3 } = serversOfEnvironment();
  const stores = await openStoresOn({ postgres: options.postgres.adminUrl, s3 });
  const ports: number[] = [];
  for (let node = 0; node < options.nodes; node += 1) ports.push(await findFreePort());
  const running = new Map<number, LongshoreProcess>();

  const startNode = async (node: number, flags: readonly string[]): Promise<void> => {
    running.set(
      node,
      await startLongshore({
        data: join(options.directory, `node-${node}`),
        port: ports[node]!,
        environment: stores.environment,
        flags: [...TRIAL_FLAGS, ...flags],
      }),
    );
  };
  const origins = ports.map((port) => `http://127.0.0.1:${port}`);

  return {
    origins,
    data: options.directory,
    environment: stores.environment,
    objects: storedInBucket(s3, stores),
    /** Starts the nodes that are away and waits until all are ready. */
    async start(flags = []) {
      const startedAt = performance.now();
      const away = ports.map((_, node) => node).filter((node) => !running.has(node));
      await Promise.all(away.map((node) => startNode(node, flags)));
      await Promise.all(origins.map(untilReady));
      return allOf(running, performance.now() - startedAt);
    },
    async crash() {
      const disaster = options.random.pick(options.disasters);
      options.note(disaster);
      if (disaster === 'PostgreSQL') {
        await options.postgres.end(options.random.chance(0.5) ? 'immediate' : 'kill');
        await options.postgres.start();
        return;
      }
      const victims = disaster === 'all nodes' ? [...running.keys()] : [options.random.pick([...running.keys()])];
      await Promise.all(victims.map((node) => running.get(node)!.kill()));
      for (const node of victims) running.delete(node);
    },
    dispose: () => stores.dispose(),
  };
}

function allOf(running: Map<number, LongshoreProcess>, readyMs: number): Running {
  const each = () => [...running.values()];
  return {
    readyMs,
    output: () =>
      each()
        .map((node) => `${node.origin}\n${node.output()}`)
        .join('\n'),
    async freeze() {
      for (const node of each()) await node.freeze();
    },
    async kill() {
      await Promise.all(each().map((node) => node.kill()));
      running.clear();
    },
    async stop() {
      const codes = await Promise.all(each().map((node) => node.stop()));
      running.clear();
      return codes.find((code) => code !== 0) ?? 0;
    },
  };
}

/** A node that lives may still be looking for PostgreSQL; it says by itself when it has it again. */
async function untilReady(origin: string): Promise<void> {
  const http = createHttpClient(origin, { connections: 1 });
  let last = 'no answer';
  try {
    for (const giveUpAt = performance.now() + READY_WITHIN_MS; performance.now() < giveUpAt; ) {
      const answer = await http.call({ method: 'GET', path: '/readyz' }).catch(() => undefined);
      if (answer?.status === 200) return;
      last = answer === undefined ? 'no answer' : `${answer.status} ${answer.body.toString()}`;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`${origin} was not ready again within ${READY_WITHIN_MS} ms: ${last}`);
  } finally {
    http.close();
  }
}
