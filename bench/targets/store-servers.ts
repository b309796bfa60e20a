/** One PostgreSQL and one S3-compatible store for all targets of a run that keep their data in such; both end with the bench. */
import { readdirSync, readFileSync } from 'node:fs';
import { startPostgresServer } from '../../tests/support/postgres-server.ts';
import { startSwiftServer } from '../../tests/support/swift-server.ts';
import type { StoreServers } from '../../tests/support/test-stores.ts';

export interface BenchStores extends StoreServers {
  /** The processes that do the stores' work. */
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}

let started: Promise<BenchStores> | undefined;

/** Synced to the disk as in production. Rejects when one of them cannot be started. */
export function storeServers(): Promise<BenchStores> {
  started ??= start();
  return started;
}

/** Ends what was started. */
let stop: () => Promise<void> = async () => undefined;
export const stopStoreServers = (): Promise<void> => stop();

async function start(): Promise<BenchStores> {
  const postgres = await startPostgresServer({ settings: { max_connections: '200' } });
  const swift = await startSwiftServer();
  stop = async () => {
    await postgres.stop();
    await swift.stop();
  };
  const { stop: _, ...s3 } = swift;
  return {
    postgres: postgres.adminUrl,
    s3,
    processes: childrenOf(process.pid).flatMap(({ pid, command }) => {
      if (/swift-\w+-server/.test(command)) return [{ name: 'S3', pid }];
      return /(^|\/)postgres\0/.test(command) ? [{ name: 'PostgreSQL', pid }] : [];
    }),
  };
}

function childrenOf(parent: number): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) !== parent) return [];
        return [{ pid: Number(name), command: readFileSync(`/proc/${name}/cmdline`, 'latin1') }];
      } catch {
        return []; // Ended meanwhile.
      }
    });
}
