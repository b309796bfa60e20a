/** Several equal nodes on one PostgreSQL and one S3-compatible store, each with a data directory of its own that holds nothing anybody needs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../black-box/longshore-process.ts';
import { type PostgresServer, postgresProgramsMissing, startPostgresServer } from '../support/postgres-server.ts';
import { useS3Server, whyNoS3 } from '../support/s3-server.ts';
import { type SpawnedServer, spawnServer } from '../support/spawn-server.ts';
import { openStoresOn } from '../support/test-stores.ts';

export interface NodeGroup {
  readonly ports: readonly number[];
  /** Changes when a node is started again. */
  node(index: number): SpawnedServer;
  readonly postgres: PostgresServer;
  /** `LONGSHORE_…` variables by which commands find the same stores. */
  readonly environment: Readonly<Record<string, string>>;
  /** SIGTERM; resolves with the exit code when the node has ended. */
  drain(index: number): Promise<number | null>;
  kill(index: number): Promise<void>;
  /** On the same port, with an empty data directory. Resolves when the node is ready. */
  start(index: number): Promise<void>;
  stop(): Promise<void>;
}

/** Why the tests of this folder cannot run here. Some restart PostgreSQL, so they need one of their own. */
export function nodesMissing(): string | undefined {
  return postgresProgramsMissing() ?? whyNoS3();
}

/** Rejects with the output of the node that did not start. `flags` go to every node. */
export async function startNodes(count: number, flags: readonly string[] = []): Promise<NodeGroup> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-nodes-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const postgres = await startPostgresServer({ fsync: false });
    closers.push(() => postgres.stop());
    const s3 = await useS3Server();
    closers.push(() => s3.stop());
    const stores = await openStoresOn({ postgres: postgres.adminUrl, s3 });
    const ports = await Promise.all(Array.from({ length: count }, findFreePort));
    const nodes: SpawnedServer[] = [];
    closers.push(() => Promise.all(nodes.map((node) => node.stop())));
    let lives = 0;
    const start = async (index: number) => {
      nodes[index] = await spawnServer({
        dataDirectory: join(directory, `life-${++lives}`),
        stores,
        port: ports[index] as number,
        flags: ['--log-level', 'warn', ...flags],
      });
    };
    // All at once, on an empty database: one of them makes the tables.
    await Promise.all(ports.map((_, index) => start(index)));
    const node = (index: number) => nodes[index] as SpawnedServer;
    return {
      ports,
      node,
      postgres,
      environment: stores.environment,
      drain: (index) => node(index).terminate(),
      kill: (index) => node(index).kill(),
      start,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
