/** Where a trial plays: how the server is started, and how it is taken away. */
import { rmSync } from 'node:fs';
import { startLongshore } from '../black-box/longshore-process.ts';
import { onPostgresAndS3, serversOfEnvironment, storesFor } from '../support/test-stores.ts';
import { type StoredObjects, storedFiles, storedInBucket } from './stored-objects.ts';

/** What serves now: one process or several. */
export interface Running {
  readonly readyMs: number;
  kill(): Promise<void>;
  /** Holds every thread. */
  freeze(): Promise<void>;
  /** SIGTERM; the exit code, of several the first that is not 0. */
  stop(): Promise<number | null>;
  output(): string;
}

export interface Stage {
  /** Where it answers, across all starts. */
  readonly origins: readonly string[];
  /** The variables that lead other commands to the same stores. */
  readonly environment: Readonly<Record<string, string>>;
  readonly objects: StoredObjects;
  /** Where the data lies while the server runs. */
  readonly data: string;
  /** `flags` come on top of those of every trial. */
  start(flags?: readonly string[]): Promise<Running>;
  /** Takes the running server away in the middle of its work. What survives is there at the next `start`. */
  crash(server: Running): Promise<void>;
  /** Called once, with no server running. */
  dispose(): Promise<void>;
}

/** Quiet, and with nothing in the background that the model would have to know. */
export const TRIAL_FLAGS = ['--log-level', 'warn'];

/** The server dies by `kill -9`; everything it had handed to the kernel survives. On the stores that TEST_STORES chooses. */
export async function createKillStage(options: { data: string; port: number }): Promise<Stage> {
  const stores = await storesFor(options.data);
  const { environment } = stores;
  const removeData = () => rmSync(options.data, { recursive: true, force: true });
  // An interrupted run leaves nothing behind.
  process.once('exit', removeData);
  return {
    origins: [`http://127.0.0.1:${options.port}`],
    data: options.data,
    environment,
    objects: onPostgresAndS3() ? storedInBucket(serversOfEnvironment().s3, stores) : storedFiles(options.data),
    start: (flags = []) => startLongshore({ ...options, environment, flags: [...TRIAL_FLAGS, ...flags] }),
    crash: (server) => server.kill(),
    async dispose() {
      removeData();
      await stores.dispose();
      process.removeListener('exit', removeData);
    },
  };
}
