/** The nodes of a race: on SQLite one server with several workers, on PostgreSQL and S3 several servers with nothing in common but these. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../black-box/longshore-process.ts';
import { type SpawnedServer, spawnServer } from '../support/spawn-server.ts';
import { onPostgresAndS3, openStoresOn, serversOfEnvironment } from '../support/test-stores.ts';

export interface RaceNodes {
  readonly servers: readonly SpawnedServer[];
  /** Takes a node away by `kill -9` and starts it again on its port. */
  replace(node: number): Promise<void>;
  stop(): Promise<void>;
}

/** Nothing stays that is not needed, and it is looked for all the time: the race wants to meet the collector. */
const FLAGS = ['--log-level=warn', '--layer-grace-period=1ms', '--collect-interval=150ms', '--sweep-interval=2s'];

/** Rejects with the output of the server that did not start. */
export async function startRaceNodes(count: number, flags: readonly string[] = []): Promise<RaceNodes> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-race-'));
  const onPostgres = onPostgresAndS3();
  const stores = onPostgres ? await openStoresOn(serversOfEnvironment()) : undefined;
  const options = (node: number, port: number) => ({
    dataDirectory: join(directory, `node-${node}`),
    flags: [...FLAGS, ...flags, ...(!onPostgres && count > 1 ? [`--workers=${count}`] : [])],
    ...(stores === undefined ? {} : { stores }),
    port,
  });
  const servers: SpawnedServer[] = [];
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await stores?.dispose();
    await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    const processes = onPostgres ? count : 1;
    for (let node = 0; node < processes; node += 1) {
      servers.push(await spawnServer(options(node, await findFreePort())));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    servers,
    async replace(node) {
      const before = servers[node]!;
      await before.kill();
      servers[node] = await spawnServer(options(node, before.port));
    },
    stop,
  };
}
